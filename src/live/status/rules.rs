//! Rules over what a tool shows: data, one file for each tool and range of versions, overridable.
//!
//! ```toml
//! tool  = "claude-code"
//! since = "2.1"                 # the oldest version that the file is for
//!
//! [[rule]]
//! name   = "dialog"             # what `session explain` says
//! state  = "blocked"            # working, waiting, blocked, idle; ready = waiting or idle, by whether
//!                               # a turn was seen
//! last   = 'Esc to cancel'      # pattern for the last row that is not blank
//! absent = '❯'                  # pattern that is in none of the last rows
//! ```
//!
//! All conditions of a rule must hold; the first rule that fits wins. Patterns are those of the
//! regex-lite crate: the regex crate's, without Unicode classes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::hash;

/// How many rows `bottom` and `absent` look at, counted up from the last one that is not blank.
const ROWS: usize = 14;

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// It works.
    Working,
    /// Its turn is over.
    Waiting,
    /// It asks something.
    Blocked,
    /// Nothing happened yet.
    Idle,
    /// The prompt is there: waiting after a turn, idle before the first.
    Ready,
}

/// One rule. Every condition that is given must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it says.
    pub state: Says,
    /// Pattern for the title (OSC 0 and 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Pattern for the last thing the tool said of itself (OSC 7501).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Pattern for the last notification (OSC 9, OSC 777); it counts until a person types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Pattern for the last row that is not blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Pattern for the last rows, joined by line feeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bottom: Option<String>,
    /// Pattern that must not be in the last rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// How many rows `bottom` and `absent` look at; 14 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
}

/// The rules of one tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The tool.
    pub tool: ToolId,
    /// The oldest version that they are for.
    #[serde(default)]
    pub since: String,
    /// In this order.
    #[serde(default)]
    pub rule: Vec<Rule>,
}

/// The files that come with sf.
const BUNDLED: [(&str, &str); 4] = [
    ("claude-code.toml", include_str!("rules/claude-code.toml")),
    ("codex.toml", include_str!("rules/codex.toml")),
    ("copilot.toml", include_str!("rules/copilot.toml")),
    ("gemini.toml", include_str!("rules/gemini.toml")),
];

impl RuleFile {
    /// Reads a file.
    ///
    /// # Errors
    /// `config` with the line, or the name of the rule whose pattern is none.
    pub fn parse(text: &str) -> Result<Self> {
        let config = |message: String| Error::new(crate::error::Code::Config, message);
        let file: Self = toml::from_str(text).map_err(|e| config(e.to_string().trim_end().to_owned()))?;
        for rule in &file.rule {
            Ready::of(rule).map_err(|e| config(format!("rule `{}`: {e}", rule.name)))?;
        }
        Ok(file)
    }

    /// The files that come with sf.
    pub fn bundled() -> Vec<Self> {
        BUNDLED.iter().filter_map(|(_, text)| Self::parse(text).ok()).collect()
    }

    /// The files that come with sf, and over them those of a folder: a rule replaces the one of the
    /// same name in the file of the same tool and `since`, a new one goes in front. What is wrong with
    /// a file is told, and the file left out.
    pub fn load(folder: &Path) -> (Vec<Self>, Vec<String>) {
        let (mut files, mut wrong) = (Self::bundled(), Vec::new());
        let Ok(entries) = std::fs::read_dir(folder) else { return (files, wrong) };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
        paths.sort();
        for path in paths {
            let read = std::fs::read_to_string(&path).map_err(Error::from);
            match read.and_then(|text| Self::parse(&text)) {
                Ok(own) => own.over(&mut files),
                Err(error) => wrong.push(format!("{}: {error}", path.display())),
            }
        }
        (files, wrong)
    }

    fn over(self, files: &mut Vec<Self>) {
        // Without `since`: over the newest that there is.
        let newest = files.iter().filter(|f| f.tool == self.tool).max_by_key(|f| version(&f.since));
        let since = match (self.since.is_empty(), newest) {
            (true, Some(file)) => file.since.clone(),
            _ => self.since.clone(),
        };
        let Some(file) = files.iter_mut().find(|f| f.tool == self.tool && f.since == since) else {
            return files.push(self);
        };
        let mut front = Vec::new();
        for rule in self.rule {
            match file.rule.iter_mut().find(|old| old.name == rule.name) {
                Some(old) => *old = rule,
                None => front.push(rule),
            }
        }
        file.rule.splice(0..0, front);
    }

    /// Of several, the one for a version of a tool; for a version that is not known the newest.
    pub fn choose<'a>(files: &'a [Self], tool: ToolId, version_of: Option<&str>) -> Option<&'a Self> {
        let mut fit: Vec<&Self> = files.iter().filter(|file| file.tool == tool).collect();
        fit.sort_by_key(|file| version(&file.since));
        match version_of.map(version) {
            Some(known) => fit.iter().rev().find(|file| version(&file.since) <= known).copied(),
            None => None,
        }
        .or(fit.last().copied())
    }
}

/// The numbers of a version.
fn version(text: &str) -> Vec<u64> {
    text.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

/// The rules of a home. They are read when somebody asks for them: it takes longer than most commands.
#[derive(Debug)]
pub struct Book {
    folder: PathBuf,
    read: OnceLock<(Vec<RuleFile>, String)>,
}

impl Book {
    /// Those that come with sf, and those in a folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, read: OnceLock::new() }
    }

    fn read(&self) -> &(Vec<RuleFile>, String) {
        self.read.get_or_init(|| {
            let (files, wrong) = RuleFile::load(&self.folder);
            wrong.iter().for_each(|text| tracing::warn!("a file of status rules is left out: {text}"));
            let digest = digest(&files);
            (files, digest)
        })
    }

    /// The files.
    pub fn files(&self) -> &[RuleFile] {
        &self.read().0
    }

    /// A short name for them, to see whether a holder has the present ones.
    pub fn digest(&self) -> &str {
        &self.read().1
    }
}

/// A short name for a set of rules.
pub fn digest(files: &[RuleFile]) -> String {
    hash::short(&serde_json::to_vec(files).unwrap_or_default(), 6)
}

/// What a tool shows.
#[derive(Clone, Debug, Default)]
pub struct Shows {
    /// The title.
    pub title: Option<String>,
    /// What it said of itself last.
    pub report: Option<String>,
    /// The last notification that no person has answered yet.
    pub notice: Option<String>,
    /// The rows of the screen; blank ones at the end do not matter.
    pub rows: Vec<String>,
}

/// A rule that fits, and what it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The name of the rule.
    pub rule: String,
    /// What it says.
    pub says: Says,
    /// What it saw.
    pub evidence: String,
}

/// Rules that are ready to be asked.
#[derive(Debug, Default)]
pub struct Rules(Vec<Ready>);

#[derive(Debug)]
struct Ready {
    name: String,
    says: Says,
    title: Option<Regex>,
    report: Option<Regex>,
    notice: Option<Regex>,
    last: Option<Regex>,
    bottom: Option<Regex>,
    absent: Option<Regex>,
    rows: usize,
}

impl Ready {
    fn of(rule: &Rule) -> std::result::Result<Self, String> {
        let pattern = |text: &Option<String>| -> std::result::Result<Option<Regex>, String> {
            text.as_deref().map(Regex::new).transpose().map_err(|e| e.to_string())
        };
        let ready = Self {
            name: rule.name.clone(),
            says: rule.state,
            title: pattern(&rule.title)?,
            report: pattern(&rule.report)?,
            notice: pattern(&rule.notice)?,
            last: pattern(&rule.last)?,
            bottom: pattern(&rule.bottom)?,
            absent: pattern(&rule.absent)?,
            rows: rule.rows.unwrap_or(ROWS).max(1),
        };
        let positive = [&ready.title, &ready.report, &ready.notice, &ready.last, &ready.bottom];
        if positive.iter().all(|pattern| pattern.is_none()) {
            return Err("give one of title, report, notice, last, bottom".into());
        }
        Ok(ready)
    }

    fn fits(&self, shows: &Shows, rows: &[String]) -> Option<String> {
        let mut evidence = String::new();
        let mut see = |what: &str, text: &str, pattern: &Option<Regex>| -> Option<()> {
            let Some(pattern) = pattern else { return Some(()) };
            let found = pattern.find(text)?;
            evidence.push_str(if evidence.is_empty() { "" } else { ", " });
            evidence.push_str(&format!("{what} {:?}", lines(text, found.range())));
            Some(())
        };
        let bottom = |count: usize| rows[rows.len().saturating_sub(count)..].join("\n");
        see("the title is", shows.title.as_deref().unwrap_or_default(), &self.title)?;
        see("it reports", shows.report.as_deref().unwrap_or_default(), &self.report)?;
        see("it notified", shows.notice.as_deref().unwrap_or_default(), &self.notice)?;
        see("the last row shows", rows.last().map_or("", |row| row), &self.last)?;
        if self.bottom.is_some() {
            see("the last rows show", &bottom(self.rows), &self.bottom)?;
        }
        if self.absent.as_ref().is_some_and(|absent| absent.is_match(&bottom(self.rows))) {
            return None;
        }
        Some(evidence)
    }
}

/// The whole lines around what was found, as one that is not too long.
fn lines(text: &str, found: std::ops::Range<usize>) -> String {
    let skipped = text[found.clone()].len() - text[found.clone()].trim_start_matches('\n').len();
    let start = text[..found.start + skipped].rfind('\n').map_or(0, |at| at + 1);
    let end = text[found.end..].find('\n').map_or(text.len(), |at| found.end + at);
    text[start.min(end)..end].trim().replace('\n', " / ").chars().take(120).collect()
}

impl Rules {
    /// Those of a file. A rule that cannot be read is left out.
    pub fn of(file: &RuleFile) -> Self {
        Self(file.rule.iter().filter_map(|rule| Ready::of(rule).ok()).collect())
    }

    /// The first rule that fits.
    pub fn ask(&self, shows: &Shows) -> Option<Hit> {
        let end = shows.rows.iter().rposition(|row| !row.trim().is_empty()).map_or(0, |at| at + 1);
        let rows = &shows.rows[..end];
        self.0.iter().find_map(|rule| {
            let evidence = rule.fits(shows, rows)?;
            Some(Hit { rule: rule.name.clone(), says: rule.says, evidence })
        })
    }
}

impl Says {
    /// The state, given whether a turn was seen.
    pub fn state(self, worked: bool) -> LiveState {
        match self {
            Self::Working => LiveState::Working,
            Self::Waiting => LiveState::Waiting,
            Self::Blocked => LiveState::Blocked,
            Self::Idle => LiveState::Idle,
            Self::Ready if worked => LiveState::Waiting,
            Self::Ready => LiveState::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_comes_along_can_be_read() {
        for (name, text) in BUNDLED {
            RuleFile::parse(text).unwrap_or_else(|e| unreachable!("{name}: {e}"));
        }
        assert_eq!(RuleFile::bundled().len(), BUNDLED.len());
    }

    #[test]
    fn a_folder_of_the_user_goes_over_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = "tool = 'codex'\n[[rule]]\nname='dialog'\nstate='idle'\nlast='x'\n[[rule]]\nname='mine'\nstate='working'\nlast='y'\n";
        std::fs::write(folder.path().join("codex.toml"), own).expect("written");
        std::fs::write(
            folder.path().join("bad.toml"),
            "tool='codex'\n[[rule]]\nname='b'\nstate='idle'\nlast='('\n",
        )
        .expect("written");
        let (files, wrong) = RuleFile::load(folder.path());
        let codex = RuleFile::choose(&files, ToolId::Codex, None).expect("there");
        assert_eq!(codex.rule[0].name, "mine");
        assert!(codex.rule.iter().any(|r| r.name == "dialog" && r.state == Says::Idle));
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].contains("bad.toml") && wrong[0].contains("`b`"), "{wrong:?}");
    }

    #[test]
    fn a_file_is_chosen_by_version() {
        let file = |since: &str| RuleFile { tool: ToolId::Codex, since: since.into(), rule: vec![] };
        let files = [file("0.9"), file("0.130"), file("1.2")];
        let chosen = |version| RuleFile::choose(&files, ToolId::Codex, version).map(|f| f.since.as_str());
        assert_eq!(chosen(Some("0.42.1")), Some("0.9"));
        assert_eq!(chosen(Some("0.169.0")), Some("0.130"));
        assert_eq!(chosen(Some("0.1")), Some("1.2"), "older than all: the newest is as good as any");
        assert_eq!(chosen(None), Some("1.2"));
    }
}
