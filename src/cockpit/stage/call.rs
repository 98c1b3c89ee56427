//! Calls of tools: one line when folded, everything when not.

use serde_json::{Map, Value};

use super::Line;
use super::edits;
use super::markdown::{Painter, code_rows};
use super::prose::{Row, flow, hard, without_sequences};
use crate::cockpit::amount;
use crate::cockpit::text;
use crate::config::theme::Role;

/// Bytes of a result that are shown; the rest is for `show`.
const LONGEST: usize = 1 << 20;
/// Arguments that say most about a call, the most telling first.
const TELLING: [&str; 14] = [
    "command",
    "cmd",
    "file_path",
    "filePath",
    "path",
    "target_file",
    "pattern",
    "query",
    "url",
    "description",
    "prompt",
    "task",
    "script",
    "input",
];

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The tool.
    pub name: &'a str,
    /// What it was told.
    pub input: &'a Map<String, Value>,
    /// What came of it, if that is known.
    pub outcome: Option<Outcome<'a>>,
    /// Messages of the sub-agent that it began.
    pub agent: Option<usize>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The output.
    pub content: &'a str,
    /// Whether it failed.
    pub failed: Option<bool>,
    /// The exit status of a command.
    pub exit: Option<i64>,
    /// Milliseconds that it took.
    pub took: Option<u64>,
}

impl Outcome<'_> {
    fn is_bad(&self) -> bool {
        self.failed == Some(true) || self.exit.is_some_and(|code| code != 0)
    }

    /// `120 lines`, `exit 1`, `failed`, `1.2 s`.
    fn words(&self) -> Vec<String> {
        let lines = self.content.lines().count();
        let size = match lines {
            0 => None,
            1 => Some("1 line".to_owned()),
            n => Some(format!("{n} lines")),
        };
        let end = match (self.exit, self.failed) {
            (Some(code), _) if code != 0 => Some(format!("exit {code}")),
            (_, Some(true)) => Some("failed".to_owned()),
            _ => None,
        };
        let took = self.took.filter(|ms| *ms >= 1_000).map(amount::took);
        [end, size.filter(|_| !self.is_bad() || lines > 1), took].into_iter().flatten().collect()
    }
}

/// The call in one line: fold, sign, name, what it was told, how it went.
pub fn head(call: &Call<'_>, open: bool, width: usize) -> Line {
    let (sign, role) = match &call.outcome {
        None => ("⚙", Role::Call),
        Some(outcome) if outcome.is_bad() => ("✗", Role::Error),
        Some(_) => ("✓", Role::Ok),
    };
    let edits = edits::edits(call.name, call.input);
    let mut tail: Vec<(String, Role)> = Vec::new();
    let words = call.outcome.as_ref().map(Outcome::words).unwrap_or_default();
    let bad = call.outcome.as_ref().is_some_and(Outcome::is_bad);
    if edits.is_empty() || bad {
        tail.extend(
            words.first().map(|word| (format!(" · {word}"), if bad { Role::Error } else { Role::Dim })),
        );
        tail.extend(words.iter().skip(1).map(|word| (format!(" · {word}"), Role::Dim)));
    }
    if !edits.is_empty() {
        let (plus, minus) = edits::counts(&edits);
        if plus > 0 {
            tail.push((format!("  +{plus}"), Role::DiffAdd));
        }
        if minus > 0 {
            tail.push((format!("  −{minus}"), Role::DiffRemove));
        }
    }
    if let Some(messages) = call.agent {
        tail.push((format!(" · sub-agent, {messages} messages"), Role::Agent));
    }
    let name = text::fit(&text::clean(call.name), width / 2);
    let used: usize = tail.iter().map(|(t, _)| text::width(t)).sum();
    let told = match edits.first() {
        Some(edit) => edit.path.clone().or_else(|| patched(&edit.change)).unwrap_or_default(),
        None => told(call.input),
    };
    let room = width.saturating_sub(text::width(&name) + used + 6);
    let fold = if open { "▾ " } else { "▸ " };
    let mut line: Line = vec![(fold.into(), Role::Dim), (format!("{sign} "), role), (name, Role::Call)];
    if room > 1 {
        line.push((format!("  {}", text::fit(&text::clean(&told), room)), Role::Dim));
    }
    line.extend(tail);
    line
}

/// The first file of a patch.
fn patched(change: &edits::Change) -> Option<String> {
    let edits::Change::Patch(patch) = change else { return None };
    let file = |line: &str| {
        ["*** Update File: ", "*** Add File: ", "*** Delete File: ", "+++ b/", "+++ "]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .map(str::to_owned)
    };
    patch.lines().find_map(file)
}

/// What a call was told, by the argument that says most.
fn told(input: &Map<String, Value>) -> String {
    let found = TELLING.iter().find_map(|key| input.get(*key)).or_else(|| input.values().next());
    match found {
        Some(Value::String(text)) => text.trim().lines().next().unwrap_or_default().to_owned(),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// Everything about a call: what it was told, as a diff where it edits, and what came of it.
pub fn body(call: &Call<'_>, width: usize, painter: Painter<'_>) -> Vec<Row> {
    let prefix: Line = vec![("  ".into(), Role::Dim)];
    let mut rows = Vec::new();
    let edits = edits::edits(call.name, call.input);
    for edit in &edits {
        rows.extend(edits::rows(edit, width, &prefix));
    }
    if edits.is_empty() {
        rows.extend(input(call.input, width, &prefix, painter));
    }
    if let Some(outcome) = &call.outcome {
        let words = outcome.words().join(" · ");
        let role = if outcome.is_bad() { Role::Error } else { Role::Dim };
        let words = if words.is_empty() { "done".to_owned() } else { words };
        rows.push(Row::new(vec![("  ".into(), Role::Dim), (format!("→ {words}"), role)]));
        rows.extend(output(outcome.content, width, &prefix));
    }
    rows
}

fn input(input: &Map<String, Value>, width: usize, prefix: &Line, painter: Painter<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, value) in input {
        let lang = match key.as_str() {
            "command" | "cmd" | "script" => "bash",
            "code" => "python",
            _ => "",
        };
        match value {
            Value::String(text) if !lang.is_empty() => {
                rows.extend(code_rows(text, lang, width, prefix, painter));
            }
            Value::String(text) if text.contains('\n') => {
                let mut head = prefix.clone();
                head.push((format!("{}:", text::clean(key)), Role::Dim));
                rows.push(Row { lead: super::prose::bytes(&head), ..Row::new(head) });
                rows.extend(code_rows(text, "", width, prefix, painter));
            }
            other => {
                let value = match other {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let mut first = prefix.clone();
                first.push((format!("{}: ", text::fit(&text::clean(key), width / 2)), Role::Dim));
                let mut hang = prefix.clone();
                hang.push(("  ".into(), Role::Dim));
                rows.extend(flow(&[(value, Role::Text)], width, &first, &hang));
            }
        }
    }
    rows
}

/// What a program or a tool said.
pub fn output(content: &str, width: usize, prefix: &Line) -> Vec<Row> {
    let mut cut = content.len().min(LONGEST);
    while !content.is_char_boundary(cut) {
        cut -= 1;
    }
    let (shown, rest) = content.split_at(cut);
    let shown = without_sequences(shown);
    let patch = ["diff --git ", "--- a/", "@@ -"].iter().any(|mark| shown.trim_start().starts_with(mark));
    let mut bar = prefix.clone();
    bar.push(("▏ ".into(), Role::Border));
    let mut rows = Vec::new();
    for line in shown.trim_end_matches('\n').split('\n') {
        let pieces = if patch { edits::patch_line(line) } else { vec![(line.to_owned(), Role::Output)] };
        rows.extend(hard(&pieces, width, &bar));
    }
    if shown.trim().is_empty() {
        rows.clear();
    }
    if !rest.is_empty() {
        let size = amount::bytes(rest.len() as u64);
        rows.push(Row::new(vec![(format!("  … {size} more: `sf show` has all of it"), Role::Dim)]));
    }
    rows
}
