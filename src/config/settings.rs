//! Typed settings: defaults in `settings.toml` beside this file, the user's `config.toml` on top.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::edit;
use super::layers::{self, Notice};
use crate::error::{At, Error, Result};
use crate::model::live::Sizes;
use crate::model::quantity::{Dur, Grid, Size};
use crate::model::{FeatureName, Name, RepoName, ToolId};
use crate::sys::{Paths, files};

const DEFAULTS: &str = include_str!("settings.toml");

/// Every setting, with its value in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Hosts and repositories that are worked on at once.
    pub jobs: u16,
    /// How hosts are reached.
    pub ssh: Ssh,
    /// Live sessions.
    pub session: Session,
    /// Capturing what AI tools record.
    pub capture: Capture,
    /// The cockpit.
    pub ui: Ui,
    /// How the person is called.
    pub attention: Attention,
    /// What `session start --template` starts, by name: `[template.NAME]`.
    #[serde(default, skip_serializing)]
    pub template: BTreeMap<String, Template>,
}

/// How the person is called when a session needs them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attention {
    /// Ring the terminal's bell.
    pub bell: bool,
    /// Tell the terminal: `off`, `osc9` or `osc777`.
    pub terminal: String,
    /// Tell the desktop (`notify-send`).
    pub desktop: bool,
    /// A command of the person's own, run by `sh` with `SF_SESSION`, `SF_NAME`, `SF_HOST`, `SF_STATE`
    /// and `SF_TEXT`; empty for none.
    pub command: String,
    /// When nobody is to be called: `22:00-07:00`; empty for never.
    pub quiet: String,
}

/// A way to start a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// The session's name.
    pub name: Option<Name>,
    /// The AI tool.
    pub tool: Option<ToolId>,
    /// The program, instead of the tool's.
    pub command: Vec<String>,
    /// Arguments after the program.
    pub args: Vec<String>,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// The first prompt, typed when the tool is ready.
    pub prompt: Option<String>,
    /// In the worktrees of a feature.
    pub feature: Option<FeatureName>,
    /// In that repository's worktree.
    pub repo: Option<RepoName>,
    /// In a folder.
    pub workdir: Option<String>,
}

/// How hosts are reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// The ssh to run: a name on the `PATH`, or a path.
    pub program: String,
    /// A configuration that is read before the user's own; empty for none.
    pub config_file: String,
    /// How long a host may take to let us in.
    pub connect_timeout: Dur,
    /// How long an unused connection is kept warm.
    pub persist: Dur,
}

/// Live sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Size of a session that is started without a screen.
    pub size: Grid,
    /// Output that a holder keeps, in bytes.
    pub ring: Size,
    /// What the lines that have left a session's screen may take of the memory, in bytes.
    pub scrollback: Size,
    /// Which size a session has when several look at it.
    pub sizes: Sizes,
    /// Whether the program of the session that is shown may fill the person's clipboard.
    pub clipboard: bool,
    /// How long a session that ended stays listed.
    pub keep: Dur,
    /// The tool that is started when none is named.
    pub tool: ToolId,
}

/// Capturing what AI tools record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// Tools that are left alone unless they are named.
    pub disabled: Vec<ToolId>,
    /// How often the daemon looks at everything, for what no watch has told it.
    pub rescan: Dur,
}

/// The cockpit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ui {
    /// A name of `keymaps/`.
    pub keymap: String,
    /// A name of `themes/`.
    pub theme: String,
    /// Rows of scrollback that the stage fetches.
    pub scrollback: u16,
    /// Whether the mouse chooses and scrolls; else it is the terminal's, to select text.
    pub mouse: bool,
}

/// Settings with what was found on the way.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values in force.
    pub settings: Settings,
    /// Where each value came from: `default`, or the file.
    pub origins: BTreeMap<String, String>,
    /// Bad values that were passed over.
    pub notices: Vec<Notice>,
    /// The first bad value that must not be passed over: ssh settings decide which machines are
    /// talked to, so commands over a link stop on it.
    pub fatal: Option<Error>,
}

/// Keys whose bad values are not passed over.
fn is_fatal(key: &str) -> bool {
    key.starts_with("ssh.") || key == "ssh"
}

impl Settings {
    /// The built-in values.
    pub fn built_in() -> Self {
        #[expect(clippy::expect_used, reason = "a test reads the same file")]
        toml::from_str(DEFAULTS).expect("settings.toml is part of the program")
    }

    /// Lays the user's file over the built-in values, leaf by leaf; a leaf that does not fit is
    /// left out and noted.
    pub fn load(path: &Path) -> Loaded {
        let mut merged: Table = DEFAULTS.parse().unwrap_or_default();
        let known = layers::leaves(&merged);
        let mut origins: BTreeMap<String, String> =
            known.keys().map(|key| (key.clone(), "default".to_owned())).collect();
        let (mut notices, mut fatal) = (Vec::new(), None);
        let file = path.display().to_string();
        let mut bad = |key: &str, text: String| {
            let notice = Notice { file: file.clone(), key: key.to_owned(), text };
            if is_fatal(key) && fatal.is_none() {
                fatal = Some(Error::config(notice.to_string()));
            }
            notices.push(notice);
        };
        let user = layers::read(path).unwrap_or_else(|e| {
            bad("", e.message.trim_start_matches(&format!("{file}:")).trim().to_owned());
            None
        });
        let mut user = user.unwrap_or_default();
        let mut template = BTreeMap::new();
        for (name, value) in
            user.remove("template").and_then(|t| t.try_into::<Table>().ok()).unwrap_or_default()
        {
            match value.try_into::<Template>() {
                Ok(known) => drop(template.insert(name, known)),
                Err(e) => bad(&format!("template.{name}"), e.message().to_owned()),
            }
        }
        for (key, value) in layers::leaves(&user) {
            if !known.contains_key(&key) {
                let near = layers::nearest(&key, known.keys().map(String::as_str));
                bad(
                    &key,
                    near.map_or("no such setting".into(), |n| {
                        format!("no such setting; did you mean `{n}`?")
                    }),
                );
                continue;
            }
            let mut attempt = merged.clone();
            layers::put(&mut attempt, &key, value);
            match Value::Table(attempt.clone()).try_into::<Self>() {
                Ok(_) => {
                    merged = attempt;
                    origins.insert(key, path.display().to_string());
                }
                Err(e) => bad(&key, e.message().to_owned()),
            }
        }
        let settings = Value::Table(merged).try_into().unwrap_or_else(|_| Self::built_in());
        let settings = Self { template, ..settings };
        Loaded { settings, origins, notices, fatal }
    }

    /// Every value by dotted key.
    pub fn values(&self) -> BTreeMap<String, Value> {
        Table::try_from(self).map(|t| layers::leaves(&t)).unwrap_or_default()
    }
}

/// Puts a tool on the list of those that are left alone, or takes it off; says whether that changed
/// anything.
///
/// # Errors
/// `config` when the user's file cannot be read; whatever the file system says.
pub fn disable(paths: &Paths, tool: ToolId, disabled: bool, dry_run: bool) -> Result<bool> {
    let path = paths.settings();
    let mut tools = Settings::load(&path).settings.capture.disabled;
    if tools.contains(&tool) == disabled {
        return Ok(false);
    }
    if disabled {
        tools.push(tool);
        tools.sort_unstable_by_key(|tool| tool.as_str());
    } else {
        tools.retain(|other| *other != tool);
    }
    let text = String::from_utf8(files::read_if_any(&path)?.unwrap_or_default())
        .map_err(|_| Error::config(format!("{}: not UTF-8", path.display())))?;
    let list: toml_edit::Array = tools.iter().map(|tool| tool.as_str()).collect();
    let new = edit::put(&text, "capture.disabled", list.into()).at(path.display())?;
    if !dry_run {
        files::private_dir(paths.config_dir())?;
        files::write_atomic(&path, new.as_bytes())?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Loaded {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        Settings::load(&path)
    }

    #[test]
    fn the_built_in_settings_are_valid() {
        let loaded = Settings::load(Path::new("/nonexistent/config.toml"));
        assert_eq!(loaded.settings, Settings::built_in());
        assert!(loaded.notices.is_empty(), "{:?}", loaded.notices);
    }

    #[test]
    fn a_bad_value_costs_only_itself() {
        let loaded = load("jobs = \"many\"\n[ui]\ntheme = \"light\"\nkeymp = \"vim\"\n");
        assert_eq!(loaded.settings.jobs, 8);
        assert_eq!(loaded.settings.ui.theme, "light");
        assert_eq!(loaded.notices.len(), 2);
        assert!(loaded.notices.iter().any(|n| n.text.contains("ui.keymap")), "{:?}", loaded.notices);
        assert_eq!(loaded.fatal, None);
    }

    #[test]
    fn templates_are_read_one_by_one() {
        let loaded = load(
            "[template.fix]\ntool = \"codex\"\nargs = [\"--search\"]\nprompt = \"Fix\\nit\"\n[template.fix.env]\nA = \"1\"\n[template.bad]\ntol = 1\n",
        );
        assert_eq!(loaded.settings.template["fix"].tool, Some(ToolId::Codex));
        assert_eq!(loaded.settings.template["fix"].env["A"], "1");
        assert_eq!(loaded.notices.len(), 1);
        assert_eq!(loaded.notices[0].key, "template.bad");
    }

    #[test]
    fn bad_ssh_settings_are_not_passed_over() {
        assert!(load("[ssh]\nconnect_timeout = \"soon\"").fatal.is_some());
    }

    #[test]
    fn a_file_that_is_no_toml_is_a_notice() {
        let loaded = load("jobs = [");
        assert_eq!(loaded.settings, Settings::built_in());
        assert_eq!(loaded.notices.len(), 1);
    }
}
