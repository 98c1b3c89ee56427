//! What an edit changed, out of what its tool was told.

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use super::Line;
use super::prose::{Row, hard};
use crate::config::theme::Role;

/// Texts above this many bytes, together, are shown one after the other instead of compared.
const LONGEST: usize = 200_000;
/// Lines around a change.
const CONTEXT: usize = 3;

/// A change of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The file, if it is known.
    pub path: Option<String>,
    /// What happens to it.
    pub change: Change,
}

/// What happens to a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// This text becomes that one.
    Replace(String, String),
    /// It is written anew.
    Write(String),
    /// Lines of a patch, with their signs.
    Patch(String),
}

/// Pairs of names under which tools keep what is replaced by what.
const PAIRS: [(&str, &str); 7] = [
    ("old_string", "new_string"),
    ("oldString", "newString"),
    ("old_str", "new_str"),
    ("old_text", "new_text"),
    ("oldText", "newText"),
    ("old", "new"),
    ("search", "replace"),
];
const PATHS: [&str; 8] =
    ["file_path", "filePath", "path", "target_file", "filename", "file", "absolute_path", "notebook_path"];
const WHOLE: [&str; 6] = ["content", "contents", "file_text", "file_content", "code_edit", "new_source"];
/// Parts of the names of tools that write whole files.
const WRITERS: [&str; 4] = ["write", "create", "insert", "edit"];

fn text<'a>(map: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| map.get(*key)?.as_str())
}

/// The changes that a call asks for; none when it is no edit.
pub fn edits(name: &str, input: &Map<String, Value>) -> Vec<Edit> {
    let path = text(input, &PATHS).map(str::to_owned);
    let one = |change| vec![Edit { path: path.clone(), change }];
    let pair = |map: &Map<String, Value>| {
        PAIRS.iter().find_map(|(old, new)| {
            let old = map.get(*old)?.as_str()?;
            // A deletion may lack the other half.
            let new = map.get(*new).map_or(Some(""), Value::as_str)?;
            Some(Change::Replace(old.to_owned(), new.to_owned()))
        })
    };
    if let Some(change) = pair(input) {
        return one(change);
    }
    if let Some(list) = ["edits", "diff", "replacements"].iter().find_map(|key| input.get(*key)?.as_array()) {
        let edits: Vec<Edit> = list
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|map| {
                let own = text(map, &PATHS).map(str::to_owned);
                Some(Edit { path: own.or_else(|| path.clone()), change: pair(map)? })
            })
            .collect();
        if !edits.is_empty() {
            return edits;
        }
    }
    let patch =
        ["patch", "patchText", "diff", "input", "content"].iter().find_map(|key| input.get(*key)?.as_str());
    let command = || {
        input.get("command").and_then(Value::as_array)?.iter().filter_map(Value::as_str).find(|w| is_patch(w))
    };
    if let Some(patch) = patch.filter(|p| is_patch(p)).or_else(command) {
        return match blocks(patch) {
            found if found.is_empty() => one(Change::Patch(patch.to_owned())),
            found => found.into_iter().map(|change| Edit { path: path.clone(), change }).collect(),
        };
    }
    let lower = name.to_ascii_lowercase();
    match text(input, &WHOLE) {
        Some(whole) if path.is_some() && WRITERS.iter().any(|w| lower.contains(w)) => {
            one(Change::Write(whole.to_owned()))
        }
        _ => Vec::new(),
    }
}

fn is_patch(text: &str) -> bool {
    let text = text.trim_start();
    ["*** Begin Patch", "diff --git", "--- ", "@@ ", "<<<<<<< SEARCH", "------- SEARCH"]
        .iter()
        .any(|mark| text.starts_with(mark))
}

/// The blocks of Cline and Roo: what is searched for, and what takes its place.
fn blocks(patch: &str) -> Vec<Change> {
    let mut out = Vec::new();
    let (mut old, mut new) = (String::new(), String::new());
    let mut part = 0;
    for line in patch.lines() {
        let begins = line.starts_with("<<<<<<< SEARCH") || line.starts_with("------- SEARCH");
        let ends = line.starts_with(">>>>>>> REPLACE") || line.starts_with("+++++++ REPLACE");
        match part {
            0 if begins => part = 1,
            1 if line.starts_with("=======") => part = 2,
            // Roo says from which line on, and draws a line below that.
            1 if old.is_empty() && (line.starts_with(":start_line:") || line.starts_with("-------")) => {}
            1 => old = old + line + "\n",
            2 if ends => {
                out.push(Change::Replace(std::mem::take(&mut old), std::mem::take(&mut new)));
                part = 0;
            }
            2 => new = new + line + "\n",
            _ => {}
        }
    }
    out
}

/// How many lines come and go.
pub fn counts(edits: &[Edit]) -> (usize, usize) {
    let mut sum = (0, 0);
    let mut add = |sign: char| match sign {
        '+' => sum.0 += 1,
        '-' => sum.1 += 1,
        _ => {}
    };
    for edit in edits {
        match &edit.change {
            Change::Write(text) => text.lines().for_each(|_| add('+')),
            Change::Patch(patch) => patch.lines().filter_map(sign).for_each(&mut add),
            Change::Replace(old, new) if old.len() + new.len() > LONGEST => {
                old.lines().for_each(|_| add('-'));
                new.lines().for_each(|_| add('+'));
            }
            Change::Replace(old, new) => {
                for change in TextDiff::from_lines(&whole(old), &whole(new)).iter_all_changes() {
                    match change.tag() {
                        ChangeTag::Insert => add('+'),
                        ChangeTag::Delete => add('-'),
                        ChangeTag::Equal => {}
                    }
                }
            }
        }
    }
    sum
}

/// The sign of a line of a patch that adds or takes away.
fn sign(line: &str) -> Option<char> {
    let head = line.starts_with("+++ ") || line.starts_with("--- ");
    line.chars().next().filter(|c| matches!(c, '+' | '-') && !head)
}

/// With a line end, so that the last line is compared like the others.
fn whole(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// A change in rows.
pub fn rows(edit: &Edit, width: usize, prefix: &Line) -> Vec<Row> {
    let mut out = Vec::new();
    let mut put = |pieces: Line| out.extend(hard(&pieces, width, prefix));
    if let Some(path) = &edit.path {
        put(vec![(path.clone(), Role::Strong)]);
    }
    let signed = |sign: &str, line: &str, role: Role| vec![(format!("{sign} {line}"), role)];
    match &edit.change {
        Change::Write(text) => text.lines().for_each(|line| put(signed("+", line, Role::DiffAdd))),
        Change::Patch(patch) => patch.lines().for_each(|line| put(patch_line(line))),
        Change::Replace(old, new) if old.len() + new.len() > LONGEST => {
            old.lines().for_each(|line| put(signed("-", line, Role::DiffRemove)));
            new.lines().for_each(|line| put(signed("+", line, Role::DiffAdd)));
        }
        Change::Replace(old, new) => compare(&whole(old), &whole(new), put),
    }
    out
}

fn compare(old: &str, new: &str, mut put: impl FnMut(Line)) {
    let diff = TextDiff::from_lines(old, new);
    for (n, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if n > 0 {
            put(vec![("⋯".into(), Role::DiffHunk)]);
        }
        for change in group.iter().flat_map(|op| diff.iter_inline_changes(op)) {
            let (sign, plain, word) = match change.tag() {
                ChangeTag::Insert => ("+ ", Role::DiffAdd, Role::DiffAddWord),
                ChangeTag::Delete => ("- ", Role::DiffRemove, Role::DiffRemoveWord),
                ChangeTag::Equal => ("  ", Role::Dim, Role::Dim),
            };
            let mut line: Line = vec![(sign.into(), plain)];
            line.extend(change.iter_strings_lossy().map(|(changed, text)| {
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                (text, if changed { word } else { plain })
            }));
            put(line);
        }
    }
}

/// A line of a patch by its sign.
pub fn patch_line(line: &str) -> Line {
    let role = match sign(line) {
        Some('+') => Role::DiffAdd,
        Some(_) => Role::DiffRemove,
        None if line.starts_with("@@") => Role::DiffHunk,
        None if ["***", "diff ", "+++ ", "--- ", "index "].iter().any(|m| line.starts_with(m)) => {
            Role::Strong
        }
        None => Role::Dim,
    };
    vec![(line.to_owned(), role)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(name: &str, input: Value) -> Vec<Edit> {
        edits(name, input.as_object().expect("an object"))
    }

    fn texts(edits: &[Edit]) -> Vec<String> {
        edits.iter().flat_map(|e| rows(e, 60, &Line::new())).map(|r| r.text()).collect()
    }

    #[test]
    fn every_tool_says_it_in_its_own_way() {
        let calls = [
            ("Edit", json!({"file_path": "a", "old_string": "x\ny\n", "new_string": "x\nz\n"})),
            ("MultiEdit", json!({"file_path": "a", "edits": [{"old_string": "x\ny", "new_string": "x\nz"}]})),
            ("edit", json!({"filePath": "a", "oldString": "x\ny", "newString": "x\nz"})),
            (
                "str_replace_editor",
                json!({"command": "str_replace", "path": "a", "old_str": "x\ny", "new_str": "x\nz"}),
            ),
            (
                "replace_in_file",
                json!({"path": "a", "diff": "------- SEARCH\nx\ny\n=======\nx\nz\n+++++++ REPLACE"}),
            ),
            (
                "apply_diff",
                json!({"path": "a", "diff": "<<<<<<< SEARCH\n:start_line:1\n-------\nx\ny\n=======\nx\nz\n>>>>>>> REPLACE"}),
            ),
        ];
        for (name, input) in calls {
            let edits = of(name, input);
            assert_eq!(counts(&edits), (1, 1), "{name}");
            assert_eq!(texts(&edits), ["a", "  x", "- y", "+ z"], "{name}");
        }
        let patch = "*** Begin Patch\n*** Update File: a\n@@\n x\n-y\n+z\n*** End Patch";
        for input in [json!({"input": patch}), json!({"command": ["apply_patch", patch]})] {
            let edits = of("apply_patch", input);
            assert_eq!((counts(&edits), texts(&edits).len()), ((1, 1), 7));
        }
        assert_eq!(texts(&of("Write", json!({"file_path": "a", "content": "x\ny"}))), ["a", "+ x", "+ y"]);
        assert!(of("Bash", json!({"command": "ls", "description": "--- x"})).is_empty());
        assert!(of("Read", json!({"file_path": "a", "content": "x"})).is_empty());
    }

    #[test]
    fn the_words_that_changed_stand_out() {
        let edit = Edit { path: None, change: Change::Replace("let a = 1;".into(), "let b = 1;".into()) };
        let rows = rows(&edit, 60, &Line::new());
        let words: Vec<&str> = rows
            .iter()
            .flat_map(|row| &row.line)
            .filter(|(_, role)| matches!(role, Role::DiffAddWord | Role::DiffRemoveWord))
            .map(|(text, _)| text.as_str())
            .collect();
        assert_eq!(words, ["a", "b"]);
    }
}
