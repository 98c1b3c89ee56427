//! What a session did, told from its calls and their results; no model is asked.

mod acts;
mod shell;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::model::message::{Block, Message, Role};
use crate::model::transcript::TranscriptRow;
use crate::model::{HostName, Time, ToolId, TranscriptId};
use acts::Act;

/// Characters of a prompt or an answer that are told.
const EXCERPT: usize = 400;
/// Characters of a command that are told.
const COMMAND: usize = 300;

/// What a session did.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The transcript.
    pub id: TranscriptId,
    /// Its tool.
    pub tool: ToolId,
    /// Its title.
    pub title: Option<String>,
    /// Its host.
    pub host: HostName,
    /// Where it took place.
    pub workdir: Option<String>,
    /// The last model that answered.
    pub model: Option<String>,
    /// The first message that was looked at.
    pub started: Option<Time>,
    /// The last one.
    pub ended: Option<Time>,
    /// What it cost; `None` when nobody knows.
    pub cost_usd: Option<f64>,
    /// Messages that were looked at.
    pub messages: u64,
    /// What persons asked for, in short.
    pub prompts: Vec<String>,
    /// Files, those that were written first.
    pub files: Vec<FileUse>,
    /// Commands, in the order of their first run.
    pub commands: Vec<Run>,
    /// Runs of tests, in order.
    pub tests: Vec<Test>,
    /// Packages that were installed.
    pub packages: Vec<Package>,
    /// Calls that failed.
    pub failures: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// A file that was touched; relative to the work folder if it lies in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileUse {
    /// The path.
    pub path: String,
    /// How often it was written.
    pub written: u64,
    /// How often it was read.
    pub read: u64,
}

/// A command that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The command.
    pub command: String,
    /// How often.
    pub times: u64,
    /// How often it failed.
    pub failed: u64,
    /// The last exit status, if it was told.
    pub exit_code: Option<i64>,
}

/// Whether tests passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All of them.
    Passed,
    /// Not all of them.
    Failed,
    /// Nobody can tell.
    Unknown,
}

/// A run of tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// The command.
    pub command: String,
    /// Whether they passed.
    pub verdict: Verdict,
    /// How many passed, if the output says so.
    pub passed: Option<u64>,
    /// How many failed, if the output says so.
    pub failed: Option<u64>,
    /// When.
    pub time: Time,
}

/// A package that was installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// What installed it: `npm`, `pip`, `cargo`, ….
    pub by: String,
    /// Its name, with a version if one was asked for.
    pub name: String,
}

/// How a session ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// `answered`, `open` (the last word is a person's or a call's), or `empty`.
    pub state: &'static str,
    /// The last answer, in short.
    pub text: Option<String>,
    /// The last run of tests.
    pub tests: Option<Verdict>,
}

/// A call that waits for its result.
struct Open {
    runs: Vec<usize>,
    tests: Vec<usize>,
    packages: Vec<Package>,
}

/// Takes messages, gives a summary.
pub struct Summarizer {
    summary: Summary,
    files: BTreeMap<String, FileUse>,
    open: HashMap<String, Open>,
}

impl Summarizer {
    /// For the session of a row.
    pub fn new(row: &TranscriptRow) -> Self {
        let summary = Summary {
            id: row.id.clone(),
            tool: row.tool,
            title: row.title.clone(),
            host: row.host.clone(),
            workdir: row.workdir.clone(),
            model: row.model.clone(),
            started: None,
            ended: None,
            cost_usd: row.cost_usd,
            messages: 0,
            prompts: Vec::new(),
            files: Vec::new(),
            commands: Vec::new(),
            tests: Vec::new(),
            packages: Vec::new(),
            failures: 0,
            outcome: Outcome { state: "empty", ..Outcome::default() },
        };
        Self { summary, files: BTreeMap::new(), open: HashMap::new() }
    }

    /// Takes the next message.
    pub fn message(&mut self, message: &Message) {
        let time = message.timestamp;
        self.summary.messages += 1;
        if time != Time::default() {
            self.summary.started = self.summary.started.into_iter().chain([time]).min();
            self.summary.ended = self.summary.ended.into_iter().chain([time]).max();
        }
        let words = message.content.iter().filter_map(|block| match block {
            Block::Text { text } if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        });
        let words: Vec<&str> = words.collect();
        if message.is_prompt() {
            self.summary.prompts.push(excerpt(&words.join(" "), EXCERPT));
            self.summary.outcome.state = "open";
        } else if message.role == Role::Assistant && !message.is_sidechain {
            self.summary.outcome.state = "open";
            if let Some(last) = words.last() {
                self.summary.outcome.text = Some(excerpt(last, EXCERPT));
                if message.tool_calls() == 0 {
                    self.summary.outcome.state = "answered";
                }
            }
        }
        for block in &message.content {
            match block {
                Block::ToolUse { tool_use_id, name, input } => {
                    let open = self.call(acts::of(name, input), time);
                    self.open.insert(tool_use_id.clone(), open);
                }
                Block::ToolResult { tool_use_id, content, is_error, exit_code, .. } => {
                    let failed = match (exit_code, is_error) {
                        (Some(code), _) => Some(*code != 0),
                        (None, error) => *error,
                    };
                    self.result(tool_use_id, content, failed, *exit_code);
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, acts: Vec<Act>, time: Time) -> Open {
        let mut open = Open { runs: Vec::new(), tests: Vec::new(), packages: Vec::new() };
        for act in acts {
            match act {
                Act::Wrote(path) => self.file(&path).written += 1,
                Act::Read(path) => self.file(&path).read += 1,
                Act::Ran(command) => {
                    let found = shell::look(&command);
                    open.packages.extend(found.packages);
                    for command in found.tests {
                        open.tests.push(self.summary.tests.len());
                        let command = excerpt(&command, COMMAND);
                        let test =
                            Test { command, verdict: Verdict::Unknown, passed: None, failed: None, time };
                        self.summary.tests.push(test);
                    }
                    open.runs.push(self.run(excerpt(&command, COMMAND)));
                }
            }
        }
        open
    }

    fn run(&mut self, command: String) -> usize {
        let known = self.summary.commands.iter().position(|run| run.command == command);
        let at = known.unwrap_or_else(|| {
            self.summary.commands.push(Run { command, times: 0, failed: 0, exit_code: None });
            self.summary.commands.len() - 1
        });
        self.summary.commands[at].times += 1;
        at
    }

    fn result(&mut self, id: &str, content: &str, failed: Option<bool>, exit_code: Option<i64>) {
        self.summary.failures += u64::from(failed == Some(true));
        let Some(open) = self.open.remove(id) else { return };
        for at in open.runs {
            let run = &mut self.summary.commands[at];
            run.failed += u64::from(failed == Some(true));
            run.exit_code = exit_code.or(run.exit_code);
        }
        for at in open.tests {
            let test = &mut self.summary.tests[at];
            (test.passed, test.failed) = (shell::count(content, "passed"), shell::count(content, "failed"));
            test.verdict = match (failed, test.passed, test.failed) {
                (_, _, Some(1..)) | (Some(true), _, _) => Verdict::Failed,
                (Some(false), _, _) | (_, Some(1..), _) => Verdict::Passed,
                _ => Verdict::Unknown,
            };
        }
        if failed != Some(true) {
            self.summary.packages.extend(open.packages);
        }
    }

    fn file(&mut self, path: &str) -> &mut FileUse {
        let below = self.summary.workdir.as_deref().and_then(|dir| path.strip_prefix(dir));
        let path = below.and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
        let new = || FileUse { path: path.to_owned(), written: 0, read: 0 };
        self.files.entry(path.to_owned()).or_insert_with(new)
    }

    /// The summary of what was taken.
    pub fn end(mut self) -> Summary {
        self.summary.files = self.files.into_values().collect();
        self.summary.files.sort_by_key(|file| std::cmp::Reverse((file.written > 0, file.written, file.read)));
        self.summary.packages.sort();
        self.summary.packages.dedup();
        self.summary.outcome.tests = self.summary.tests.last().map(|test| test.verdict);
        self.summary
    }
}

/// The beginning of a text on one line.
fn excerpt(text: &str, length: usize) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(length) {
        line.truncate(at);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
