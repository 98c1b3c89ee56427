//! Themes: roles and how they look. Widgets ask for roles, never for colours.
//!
//! A role that a theme does not set has the style of its prefix (`host.up`, `host`, `text`); a
//! theme lies over the one that it inherits from, and the user's `theme.toml` over both.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::embed::Folder;
use super::keymap::{inherited, user_file};
use super::layers::{self, Notice};

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// The terminal's own.
    Default,
    /// One of 256; the first sixteen are the terminal's palette.
    Index(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// How a role looks. What is `None` stays as it is below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Colour of the text.
    pub fg: Option<Color>,
    /// Colour behind it.
    pub bg: Option<Color>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Colours swapped.
    pub reverse: bool,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What something on the screen is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[$doc])* $variant,)* }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in a theme.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

roles! {
    /// Plain text; its background is the screen's.
    Text = "text",
    /// What matters less.
    Dim = "dim",
    /// Headings and titles of panes.
    Title = "title",
    /// The title of the pane that has the focus.
    TitleFocus = "title.focus",
    /// Frames.
    Border = "border",
    /// The frame of the pane that has the focus.
    BorderFocus = "border.focus",
    /// The chosen row of the pane that has the focus.
    Selection = "selection",
    /// The chosen row of any other pane.
    SelectionBlur = "selection.blur",
    /// What a filter or a search found.
    Match = "match",
    /// The match that the cursor is on.
    MatchCurrent = "match.current",
    /// A key.
    Key = "key",
    /// What a key does, in the status line.
    Hint = "hint",
    /// The status line.
    Status = "status",
    /// The mode word while moving.
    ModeNormal = "mode.normal",
    /// The mode word while keys go to a terminal.
    ModeTerminal = "mode.terminal",
    /// The mode word of everything else.
    ModeOther = "mode.other",
    /// Somebody is needed.
    Attention = "attention",
    /// All is well.
    Ok = "ok",
    /// Something to look at.
    Warn = "warn",
    /// Something failed.
    Error = "error",
    /// The done part of a bar.
    Progress = "progress",
    /// A host that answered.
    HostUp = "host.up",
    /// A host that did not.
    HostDown = "host.down",
    /// A host that was not asked yet.
    HostUnknown = "host.unknown",
    /// A feature.
    Feature = "feature",
    /// A worktree without changes.
    WorktreeClean = "worktree.clean",
    /// Commits that the base lacks.
    WorktreeAhead = "worktree.ahead",
    /// Commits that the branch lacks.
    WorktreeBehind = "worktree.behind",
    /// Changed files.
    WorktreeDirty = "worktree.dirty",
    /// A busy session.
    LiveWorking = "live.working",
    /// A session whose turn is over.
    LiveWaiting = "live.waiting",
    /// A session that asks something.
    LiveBlocked = "live.blocked",
    /// A session in which nothing happens.
    LiveIdle = "live.idle",
    /// A session of which we cannot tell.
    LiveUnknown = "live.unknown",
    /// A session that ended.
    LiveExited = "live.exited",
    /// A session whose holder is gone.
    LiveLost = "live.lost",
    /// A time.
    Time = "time",
    /// What a person said.
    SpeakerUser = "speaker.user",
    /// What the model said.
    SpeakerAssistant = "speaker.assistant",
    /// What the tool said on its own.
    SpeakerSystem = "speaker.system",
    /// Calls of tools.
    Call = "call",
    /// Reasoning.
    Thinking = "thinking",
    /// Code in text.
    Code = "code",
    /// Headings in text.
    Heading = "heading",
    /// Strong words in text.
    Strong = "strong",
    /// Emphasised words in text.
    Emphasis = "emphasis",
    /// Links in text.
    Link = "link",
    /// What somebody quotes.
    Quote = "quote",
    /// A picture's place.
    Image = "image",
    /// Sub-agents.
    Agent = "agent",
    /// What tools answered.
    Output = "output",
    /// Blocks of code; what is below says more.
    Syntax = "syntax",
    /// Words of the language.
    SyntaxKeyword = "syntax.keyword",
    /// Texts in code.
    SyntaxString = "syntax.string",
    /// Comments.
    SyntaxComment = "syntax.comment",
    /// Numbers.
    SyntaxNumber = "syntax.number",
    /// Constants and escapes.
    SyntaxConstant = "syntax.constant",
    /// Types.
    SyntaxType = "syntax.type",
    /// Functions.
    SyntaxFunction = "syntax.function",
    /// Operators.
    SyntaxOperator = "syntax.operator",
    /// Tags of markup.
    SyntaxTag = "syntax.tag",
    /// Attributes, keys, decorators.
    SyntaxAttribute = "syntax.attribute",
    /// Added lines.
    DiffAdd = "diff.add",
    /// What is new in them.
    DiffAddWord = "diff.add.word",
    /// Lines taken away.
    DiffRemove = "diff.remove",
    /// What was taken away of them.
    DiffRemoveWord = "diff.remove.word",
    /// Places in a diff.
    DiffHunk = "diff.hunk",
    /// A chosen tab of the strip.
    Tab = "tab",
    /// Palette, forms, questions.
    Overlay = "overlay",
    /// Their frames.
    OverlayBorder = "overlay.border",
}

/// A look for every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    looks: Vec<Look>,
}

impl Theme {
    /// The theme of that name with the user's file on top. Never fails: what is wrong is noted and
    /// left out.
    pub fn load(name: &str, user: &Path) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let mut layers = inherited(Folder::Themes, name, &mut notices);
        layers.extend(user_file(user, &mut notices));
        (Self::merge(&layers, &mut notices), notices)
    }

    /// Lays tables over one another; the first is the lowest. Each comes with its file's name.
    pub fn merge(layers: &[(String, Table)], notices: &mut Vec<Notice>) -> Self {
        let mut palette = BTreeMap::new();
        let mut set: BTreeMap<String, Look> = BTreeMap::new();
        for (file, table) in layers {
            let mut note = |key: String, text: String| notices.push(Notice { file: file.clone(), key, text });
            for (section, value) in table {
                match (section.as_str(), value) {
                    ("inherits", _) | ("palette", Value::Table(_)) | ("role", Value::Table(_)) => {}
                    _ => note(section.clone(), "a theme has inherits, [palette] and [role]".into()),
                }
            }
            for (name, value) in section(table, "palette") {
                match value.as_str().and_then(|text| color(text, &palette)) {
                    Some(color) => {
                        palette.insert(name.clone(), color);
                    }
                    None => note(format!("palette.{name}"), NO_COLOR.into()),
                }
            }
            for (name, value) in section(table, "role") {
                let key = format!("role.{name}");
                if !known(name) {
                    let near = layers::nearest(name, Role::ALL.iter().map(|r| r.as_str()));
                    let near = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                    note(key, format!("no such role{near}"));
                    continue;
                }
                match look(value, &palette) {
                    Ok(look) => {
                        // A style for a whole family replaces what lower layers said of its members.
                        set.retain(|role, _| !role.starts_with(&format!("{name}.")));
                        set.insert(name.clone(), look);
                    }
                    Err(text) => note(key, text),
                }
            }
        }
        Self { looks: Role::ALL.iter().map(|role| fall_back(role.as_str(), &set)).collect() }
    }

    /// The look of a role.
    pub fn look(&self, role: Role) -> Look {
        self.looks.get(role as usize).copied().unwrap_or_default()
    }

    /// The names of the roles that one table sets itself, members of a family that it sets as a
    /// whole included; for checks of the bundled themes.
    pub fn roles_set(table: &Table) -> Vec<Role> {
        let set: Vec<&String> = section(table, "role").map(|(name, _)| name).collect();
        let covers = |role: &str, name: &str| {
            role == name || role.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
        };
        Role::ALL.iter().copied().filter(|r| set.iter().any(|name| covers(r.as_str(), name))).collect()
    }
}

const NO_COLOR: &str =
    "no colour; write a name (red, bright-blue, gray, default), 0 to 255, \"#rrggbb\" or a name of [palette]";

fn section<'a>(table: &'a Table, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    table.get(name).and_then(Value::as_table).into_iter().flatten()
}

/// A role, or the common beginning of some.
fn known(name: &str) -> bool {
    Role::ALL.iter().any(|r| {
        let role = r.as_str();
        role == name || role.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    })
}

fn fall_back(role: &str, set: &BTreeMap<String, Look>) -> Look {
    let mut name = role;
    loop {
        if let Some(look) = set.get(name) {
            return *look;
        }
        match name.rsplit_once('.') {
            Some((prefix, _)) => name = prefix,
            None => return set.get("text").copied().unwrap_or_default(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spec {
    fg: Option<Value>,
    bg: Option<Value>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

fn look(value: &Value, palette: &BTreeMap<String, Color>) -> Result<Look, String> {
    let spec: Spec = value.clone().try_into().map_err(|e: toml::de::Error| e.message().to_owned())?;
    let read = |value: Option<Value>| match value {
        None => Ok(None),
        Some(Value::String(text)) => color(&text, palette).map(Some).ok_or_else(|| NO_COLOR.to_owned()),
        Some(Value::Integer(n)) => {
            u8::try_from(n).map(|n| Some(Color::Index(n))).map_err(|_| NO_COLOR.to_owned())
        }
        Some(_) => Err(NO_COLOR.to_owned()),
    };
    Ok(Look {
        fg: read(spec.fg)?,
        bg: read(spec.bg)?,
        bold: spec.bold,
        dim: spec.dim,
        italic: spec.italic,
        underline: spec.underline,
        reverse: spec.reverse,
    })
}

fn color(text: &str, palette: &BTreeMap<String, Color>) -> Option<Color> {
    const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
    if let Some(color) = palette.get(text) {
        return Some(*color);
    }
    if let Some(hex) = text.strip_prefix('#') {
        let n = (hex.len() == 6).then(|| u32::from_str_radix(hex, 16).ok()).flatten()?;
        let [_, r, g, b] = n.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    let named = |name: &str| NAMES.iter().position(|n| *n == name).and_then(|i| u8::try_from(i).ok());
    match text {
        "default" => Some(Color::Default),
        "gray" | "grey" => Some(Color::Index(8)),
        _ => match text.strip_prefix("bright-") {
            Some(name) => named(name).map(|i| Color::Index(i + 8)),
            None => named(text).map(Color::Index),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(layers: &[&str]) -> (Theme, Vec<Notice>) {
        let mut notices = Vec::new();
        let layers: Vec<(String, Table)> = layers
            .iter()
            .enumerate()
            .map(|(i, text)| (format!("{i}.toml"), text.parse().expect("TOML")))
            .collect();
        (Theme::merge(&layers, &mut notices), notices)
    }

    #[test]
    fn roles_fall_back_to_their_family_and_to_text() {
        let (theme, notices) = merge(&[
            "[palette]\nsea = \"#2a6f97\"\n[role]\ntext = { fg = \"white\" }\nhost = { fg = \"sea\" }\n",
            "[role]\n\"host.up\" = { fg = \"bright-green\", bold = true }\n",
        ]);
        assert!(notices.is_empty(), "{notices:?}");
        assert_eq!(theme.look(Role::HostDown).fg, Some(Color::Rgb(0x2a, 0x6f, 0x97)));
        assert_eq!(theme.look(Role::HostUp).fg, Some(Color::Index(10)));
        assert_eq!(theme.look(Role::Call).fg, Some(Color::Index(7)));
    }

    #[test]
    fn broken_values_cost_only_themselves() {
        let (theme, notices) = merge(&[
            "mood = 1\n[role]\n\"host.upp\" = { fg = \"red\" }\nkey = { fg = \"reddish\" }\nok = { fg = 2 }\nerror = { colour = \"red\" }\n",
        ]);
        assert_eq!(theme.look(Role::Ok).fg, Some(Color::Index(2)));
        assert_eq!(notices.len(), 4, "{notices:?}");
        assert!(notices.iter().any(|n| n.text.contains("host.up")), "{notices:?}");
    }
}
