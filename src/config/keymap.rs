//! Keymaps: which chords, in which pane, are which command line.
//!
//! A row is layered over the row of the same chords in the file that it inherits from, and the
//! user's `keymap.toml` over both. What the command lines mean is not known here.

use std::path::Path;

use toml::{Table, Value};

use super::chord::{self, Chord, Key, Mods};
use super::embed::Folder;
use super::layers::{self, Notice};

/// Where a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// In every pane that says nothing else.
    Global,
    /// In the list of hosts.
    Hosts,
    /// In the tree of features.
    Features,
    /// In the list of live sessions.
    Live,
    /// In the list of transcripts.
    Transcripts,
    /// On the stage.
    Stage,
    /// On the stage while it shows a transcript.
    Reading,
}

impl Context {
    /// Every context, in the order of help.
    pub const ALL: [Self; 7] = [
        Self::Global,
        Self::Hosts,
        Self::Features,
        Self::Live,
        Self::Transcripts,
        Self::Stage,
        Self::Reading,
    ];

    /// Its name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Hosts => "hosts",
            Self::Features => "features",
            Self::Live => "live",
            Self::Transcripts => "transcripts",
            Self::Stage => "stage",
            Self::Reading => "reading",
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it holds.
    pub context: Context,
    /// What is pressed.
    pub chords: Vec<Chord>,
    /// The command line, with `{slots}`.
    pub line: String,
    /// The file that said so.
    pub file: String,
}

/// All rows in force, with those of the same context in the order of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// The chord that leaves a terminal.
    pub leave: Chord,
    /// The rows.
    pub rows: Vec<Row>,
}

/// How deep keymaps and themes may inherit; deeper is taken for a circle.
pub(super) const DEEPEST: usize = 8;

impl Keymap {
    /// The keymap of that name with the user's file on top. Never fails: what is wrong is noted
    /// and left out.
    pub fn load(name: &str, user: &Path) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let mut layers = inherited(Folder::Keymaps, name, &mut notices);
        layers.extend(user_file(user, &mut notices));
        (Self::merge(&layers, &mut notices), notices)
    }

    /// Lays tables over one another; the first is the lowest. Each comes with its file's name.
    pub fn merge(layers: &[(String, Table)], notices: &mut Vec<Notice>) -> Self {
        let leave = Chord { key: Key::Char(']'), mods: Mods { ctrl: true, ..Mods::default() } };
        let mut map = Self { leave, rows: Vec::new() };
        for (file, table) in layers {
            map.lay(file, table, notices);
        }
        map
    }

    fn lay(&mut self, file: &str, table: &Table, notices: &mut Vec<Notice>) {
        let mut note = |key: String, text: String| notices.push(Notice { file: file.to_owned(), key, text });
        let mut seen: Vec<(Context, Vec<Chord>, String)> = Vec::new();
        for (section, value) in table {
            match (section.as_str(), value) {
                ("inherits", _) => {}
                ("leave", Value::String(text)) => match text.parse::<Chord>() {
                    Ok(chord) => self.leave = chord.canonical(),
                    Err(e) => note("leave".into(), e.message),
                },
                (_, Value::Table(rows)) => {
                    let Some(context) = Context::ALL.into_iter().find(|c| c.as_str() == section) else {
                        let near = layers::nearest(section, Context::ALL.map(Context::as_str));
                        let near = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                        note(section.clone(), format!("no such pane{near}"));
                        continue;
                    };
                    for (text, line) in rows {
                        let key = format!("{section}.{text}");
                        let Value::String(line) = line else {
                            note(key, "a command line is a text in quotes".into());
                            continue;
                        };
                        let chords = match chord::sequence(text) {
                            Ok(chords) => chords,
                            Err(e) => {
                                note(key, e.message);
                                continue;
                            }
                        };
                        if let Some((.., other)) = seen.iter().find(|(c, s, _)| *c == context && *s == chords)
                        {
                            note(key, format!("the same chord as `{other}`; the first one holds"));
                            continue;
                        }
                        seen.push((context, chords.clone(), text.clone()));
                        if let Some(text) = self.put(context, &chords, line, file) {
                            note(key, text);
                        }
                    }
                }
                _ => note(section.clone(), "no such key here".into()),
            }
        }
    }

    /// Puts a row in its place; an empty line takes it away. Says what is wrong, if anything.
    fn put(&mut self, context: Context, chords: &[Chord], line: &str, file: &str) -> Option<String> {
        let at = self.rows.iter().position(|r| r.context == context && r.chords == chords);
        if line.is_empty() {
            return match at {
                Some(at) => {
                    self.rows.remove(at);
                    None
                }
                None => Some("nothing is bound to it that could be taken away".into()),
            };
        }
        let row = Row { context, chords: chords.to_vec(), line: line.to_owned(), file: file.to_owned() };
        if let Some(at) = at {
            self.rows[at] = row;
            return None;
        }
        let clash = self.rows.iter().position(|r| {
            r.context == context && (r.chords.starts_with(chords) || chords.starts_with(&r.chords))
        });
        let note = clash.map(|at| {
            let old = self.rows.remove(at);
            format!(
                "one of this and `{}` of {} begins with the other; this one holds",
                chord::spell(&old.chords),
                old.file
            )
        });
        self.rows.push(row);
        note
    }
}

/// The bundled file of that name under those that it inherits from, lowest first. `default` when
/// there is none of that name.
pub(super) fn inherited(folder: Folder, name: &str, notices: &mut Vec<Notice>) -> Vec<(String, Table)> {
    let mut layers = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next.take() {
        let file = format!("{}/{name}.toml", folder.as_str());
        let mut note = |text: String| notices.push(Notice { file: file.clone(), key: String::new(), text });
        if layers.len() == DEEPEST {
            note("inherits in a circle".into());
            break;
        }
        let Some(text) = folder.read(&name) else {
            note(format!("there is none; there are {}", folder.names().join(", ")));
            if name != "default" && layers.is_empty() {
                next = Some("default".into());
            }
            continue;
        };
        match text.parse::<Table>() {
            Ok(table) => {
                next = table.get("inherits").and_then(Value::as_str).map(str::to_owned);
                layers.push((file, table));
            }
            Err(e) => note(e.message().to_owned()),
        }
    }
    layers.reverse();
    layers
}

/// The user's own layer. Its `inherits`, if any, is not followed: the setting chooses the base.
pub(super) fn user_file(path: &Path, notices: &mut Vec<Notice>) -> Option<(String, Table)> {
    let file = path.display().to_string();
    match layers::read(path) {
        Ok(table) => table.map(|table| (file, table)),
        Err(e) => {
            let text = e.message.strip_prefix(&file).unwrap_or(&e.message).trim_start_matches([':', ' ']);
            let text = format!("line {text}; the file is left out");
            notices.push(Notice { file, key: String::new(), text });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(layers: &[&str]) -> (Keymap, Vec<Notice>) {
        let mut notices = Vec::new();
        let layers: Vec<(String, Table)> = layers
            .iter()
            .enumerate()
            .map(|(i, text)| (format!("{i}.toml"), text.parse().expect("TOML")))
            .collect();
        (Keymap::merge(&layers, &mut notices), notices)
    }

    fn line<'a>(map: &'a Keymap, chords: &str) -> Option<&'a str> {
        let chords = chord::sequence(chords).expect("chords");
        map.rows.iter().find(|r| r.chords == chords).map(|r| r.line.as_str())
    }

    #[test]
    fn a_later_file_replaces_and_takes_away() {
        let (map, notices) = merge(&[
            "leave = \"ctrl-q\"\n[global]\ns = \"sync\"\n\"ctrl-x\" = \"quit\"\n",
            "[global]\n\"C-x\" = \"zoom\"\ns = \"\"\n",
        ]);
        assert!(notices.is_empty(), "{notices:?}");
        assert_eq!(line(&map, "ctrl-x"), Some("zoom"));
        assert_eq!(line(&map, "s"), None);
        assert_eq!(map.leave.to_string(), "ctrl-q");
    }

    #[test]
    fn a_chord_that_begins_another_is_said_with_both_files() {
        let (map, notices) = merge(&["[global]\n\"g h\" = \"quit\"\n", "[global]\ng = \"zoom\"\n"]);
        assert_eq!(line(&map, "g"), Some("zoom"));
        assert_eq!(line(&map, "g h"), None);
        let text = notices[0].to_string();
        assert!(text.contains("0.toml") && text.contains("1.toml") && text.contains("g h"), "{text}");
    }

    #[test]
    fn broken_rows_cost_only_themselves() {
        let (map, notices) = merge(&[
            "colour = 1\n[global]\nq = \"quit\"\nentr = \"zoom\"\nx = 3\n\"^a\" = \"zoom\"\n\"C-a\" = \"quit\"\n[host]\na = \"quit\"\n",
        ]);
        assert_eq!(map.rows.len(), 2);
        assert_eq!(notices.len(), 5, "{notices:?}");
        assert!(notices.iter().any(|n| n.text.contains("`hosts`")), "{notices:?}");
    }
}
