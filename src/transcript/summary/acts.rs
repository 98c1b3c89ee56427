//! What a call does, whatever the tool calls it.
//!
//! Tools name their calls differently (`Edit`, `replace`, `write_to_file`, `apply_patch`, `shell`,
//! `exec_command`, `run_terminal_cmd`, …), but the arguments are alike: a command, or a path with a
//! verb in the call's name.

use serde_json::{Map, Value};

/// Something that a call does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Makes, changes or removes a file.
    Wrote(String),
    /// Reads a file.
    Read(String),
    /// Runs a command of the shell.
    Ran(String),
}

/// Arguments that hold a file.
const PATHS: [&str; 10] = [
    "file_path",
    "filePath",
    "path",
    "notebook_path",
    "target_file",
    "absolute_path",
    "relative_workspace_path",
    "relativeWorkspacePath",
    "filename",
    "file",
];
/// Arguments that hold a command.
const COMMANDS: [&str; 4] = ["command", "cmd", "script", "command_line"];
/// Words in the name of a call that writes, and of one that reads.
const WRITES: [&str; 8] = ["write", "edit", "replace", "create", "insert", "patch", "delete", "diff"];
const READS: [&str; 3] = ["read", "view", "open"];
/// Marks of the files in a patch of `apply_patch`.
const PATCH: [&str; 4] = ["*** Update File: ", "*** Add File: ", "*** Delete File: ", "*** Move to: "];

/// What a call does.
pub fn of(name: &str, input: &Map<String, Value>) -> Vec<Act> {
    let mut acts: Vec<Act> = input.values().filter_map(text).flat_map(|text| patched(&text)).collect();
    let name = name.to_ascii_lowercase();
    let command = COMMANDS.iter().find_map(|key| input.get(*key)).and_then(text);
    let path = PATHS.iter().find_map(|key| input.get(*key)?.as_str());
    match (command, path) {
        // An editor with sub-commands: `{"command": "str_replace", "path": …}`.
        (Some(verb), Some(path)) if !verb.contains(' ') && verb.len() < 20 => touch(&verb, path, &mut acts),
        // A patch by way of the shell is told as what it writes.
        (Some(command), _) if acts.is_empty() && !command.trim().is_empty() => acts.push(Act::Ran(command)),
        (None, Some(path)) => touch(&name, path, &mut acts),
        _ => {}
    }
    acts
}

fn touch(verb: &str, path: &str, acts: &mut Vec<Act>) {
    let verb = verb.to_ascii_lowercase();
    if WRITES.iter().any(|word| verb.contains(word)) {
        acts.push(Act::Wrote(path.to_owned()));
    } else if READS.iter().any(|word| verb.contains(word)) {
        acts.push(Act::Read(path.to_owned()));
    }
}

/// An argument as text; a list of words is a command line, one for `sh -c` its script.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                [shell, flag, script] if flag.starts_with('-') && flag.ends_with('c') && is_shell(shell) => {
                    Some((*script).to_owned())
                }
                words => shlex::try_join(words.iter().copied()).ok().filter(|line| !line.is_empty()),
            }
        }
        _ => None,
    }
}

fn is_shell(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "zsh" | "dash" | "fish"))
}

fn patched(text: &str) -> Vec<Act> {
    if !text.contains("*** Begin Patch") {
        return Vec::new();
    }
    let file = |line: &str| PATCH.iter().find_map(|mark| line.trim().strip_prefix(mark)).map(str::to_owned);
    text.lines().filter_map(file).map(Act::Wrote).collect()
}
