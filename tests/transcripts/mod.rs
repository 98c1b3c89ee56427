//! Capturing what the AI tools really wrote, and finding it again.

mod any_rows;
mod care;
mod claude_code;
mod codex;
mod conformance;
mod cursor;
mod faults;
mod fuzz;
mod import;
mod incremental;
mod opencode;
mod others;
mod roots;
mod search;
mod show;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Sandbox;

/// The samples of a tool: a folder for each case, with `case.json`.
fn cases(tool: &str) -> Vec<String> {
    let dir = fixtures(tool);
    let mut names: Vec<String> = fs::read_dir(&dir)
        .expect("samples")
        .filter_map(|e| Some(e.expect("an entry").file_name().to_str()?.to_owned()))
        .filter(|name| dir.join(name).join("case.json").exists())
        .collect();
    names.sort();
    names
}

fn fixtures(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tools").join(tool)
}

fn case(tool: &str, name: &str) -> Value {
    let text = fs::read_to_string(fixtures(tool).join(name).join("case.json")).expect("case.json");
    serde_json::from_str(&text).expect("JSON")
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

/// A home as the tool left it.
fn home_of(tool: &str, name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let from = fixtures(tool).join(name);
    match tool {
        "codex" => copy(&from.join("dot-codex"), &sandbox.home().join(".codex")),
        _ => copy(&from.join("home"), &sandbox.home()),
    }
    sandbox
}

/// Every row, by native id.
fn rows(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.json(&["list", "--limit", "0"]).as_array().expect("rows").clone()
}

fn row<'a>(rows: &'a [Value], native_id: &str) -> &'a Value {
    rows.iter()
        .find(|r| r["native_id"] == native_id)
        .unwrap_or_else(|| panic!("no row of {native_id}: {rows:?}"))
}

/// All messages of a transcript, as `show` gives them.
fn messages(sandbox: &Sandbox, row: &Value) -> Vec<Value> {
    let id = row["id"].as_str().expect("an id");
    sandbox.json(&["show", id, "--messages"])["messages"].as_array().expect("messages").clone()
}

/// The lines of `messages.jsonl`.
fn lines(sandbox: &Sandbox, row: &Value) -> Vec<Value> {
    let id = row["id"].as_str().expect("an id");
    let path = sandbox.sf_home().join(format!("sessions/{id}.sfs/messages.jsonl"));
    let text = fs::read_to_string(path).expect("messages");
    text.split_terminator('\n').map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The text of all blocks of a kind.
fn texts(message: &Value, kind: &str) -> Vec<String> {
    let blocks = message["blocks"].as_array().expect("blocks").iter();
    blocks.filter(|b| b["type"] == kind).filter_map(|b| Some(b["text"].as_str()?.to_owned())).collect()
}

/// What persons asked.
fn prompts(messages: &[Value]) -> Vec<String> {
    messages.iter().filter(|m| m["prompt"] == true).map(|m| texts(m, "text").join("\n")).collect()
}

/// Whether a fork has a line from its origin, which the log does not tell again.
fn inherited(line: &Value) -> bool {
    line["metadata"]["sf"]["inherited"] == true
}

/// A second capture has nothing to do, and leaves every byte as it is.
fn assert_settled(sandbox: &Sandbox) {
    let before = tree(&sandbox.sf_home().join("sessions"));
    let second = sandbox.json(&["capture"]);
    for field in ["sessions_new", "sessions_updated", "messages", "bytes_read", "skipped_lines"] {
        assert_eq!(second[field], 0, "{field} of {second}");
    }
    assert_eq!(before, tree(&sandbox.sf_home().join("sessions")));
}

/// Every file below a folder with its content.
fn tree(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(&dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else {
                all.push((path.clone(), fs::read(&path).expect("read")));
            }
        }
    }
    all.sort();
    all
}

/// A folder in the canonical form: nothing that version 0.1.0 does not allow, and no contradiction.
fn assert_canonical(sandbox: &Sandbox, row: &Value) {
    let id = row["id"].as_str().expect("an id");
    let dir = sandbox.sf_home().join(format!("sessions/{id}.sfs"));
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(dir.join(name)).expect(name)).expect(name)
    };
    let manifest = read("manifest.json");
    only(
        &manifest,
        &[
            "sfs_version",
            "session_id",
            "title",
            "tags",
            "created_at",
            "updated_at",
            "source",
            "model",
            "stats",
            "parent_session_id",
            "sub_agents",
            "metadata",
        ],
    );
    only(
        &manifest["source"],
        &[
            "tool",
            "tool_version",
            "sfs_converter_version",
            "original_session_id",
            "original_path",
            "interface",
        ],
    );
    only(
        &manifest["stats"],
        &[
            "message_count",
            "turn_count",
            "tool_use_count",
            "total_input_tokens",
            "total_output_tokens",
            "estimated_cost_usd",
            "duration_ms",
        ],
    );
    assert_eq!(manifest["sfs_version"], "0.1.0");
    assert_eq!(manifest["session_id"], row["id"]);
    // Somebody else's copy of a session has a native id of its own.
    if !row["native_id"].as_str().expect("an id").starts_with("sfs:") {
        assert_eq!(manifest["source"]["original_session_id"], row["native_id"]);
    }
    assert_eq!(manifest["parent_session_id"], row["parent"]);
    assert!(manifest["created_at"].is_string(), "{manifest}");
    let lines = lines(sandbox, row);
    assert_eq!(manifest["stats"]["message_count"], lines.len());
    assert_eq!(row["messages"], lines.len());
    let mut ids = std::collections::HashSet::new();
    let (mut calls, mut newest) = (0, 0);
    let replaced: Vec<&str> = lines.iter().filter_map(|l| l["metadata"]["sf"]["replaces"].as_str()).collect();
    for line in &lines {
        only(
            line,
            &[
                "msg_id",
                "role",
                "content",
                "timestamp",
                "parent_msg_id",
                "turn_id",
                "model",
                "stop_reason",
                "usage",
                "agent_id",
                "is_sidechain",
                "is_meta",
                "metadata",
            ],
        );
        assert!(ids.insert(line["msg_id"].as_str().expect("an id").to_owned()), "twice: {line}");
        if let Some(parent) = line["parent_msg_id"].as_str() {
            assert!(ids.contains(parent), "unknown parent: {line}");
        }
        let blocks = line["content"].as_array().expect("blocks");
        assert!(!blocks.is_empty(), "{line}");
        for block in blocks {
            let keys: &[&str] = match block["type"].as_str().expect("a type") {
                "text" | "summary" => &["type", "text"],
                "thinking" => &["type", "text", "signature", "redacted"],
                "tool_use" => &["type", "tool_use_id", "name", "input"],
                "tool_result" => &["type", "tool_use_id", "content", "is_error", "exit_code", "duration_ms"],
                "image" => &["type", "source"],
                other => {
                    assert!(other.starts_with("x-"), "{block}");
                    continue;
                }
            };
            only(block, keys);
            let call = u64::from(block["type"] == "tool_use");
            calls += call;
            newest += if replaced.contains(&line["msg_id"].as_str().expect("an id")) { 0 } else { call };
        }
    }
    assert_eq!(row["tool_calls"], newest);
    assert_eq!(manifest["stats"]["tool_use_count"], calls);
    let raw = fs::read_to_string(dir.join("messages.jsonl")).expect("messages");
    assert!(
        !raw.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}', '\u{1c}']),
        "splits elsewhere"
    );
    let workspace = dir.join("workspace.json").exists();
    assert_eq!(workspace, row["workdir"].is_string());
}

fn only(value: &Value, keys: &[&str]) {
    for key in value.as_object().expect("an object").keys() {
        assert!(keys.contains(&key.as_str()), "`{key}` is not in the format: {value}");
    }
}

/// Everything below a folder: inode, mode, size, and when it was last changed, in nanoseconds.
fn stamps(dir: &Path) -> Vec<(PathBuf, [i64; 7])> {
    let mut all = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(path) = todo.pop() {
        let meta = fs::symlink_metadata(&path).expect("there");
        if meta.is_dir() {
            todo.extend(fs::read_dir(&path).expect("a folder").map(|e| e.expect("an entry").path()));
        }
        let (ino, size) = (meta.ino().cast_signed(), meta.size().cast_signed());
        let mode = meta.mode().into();
        all.push((path, [ino, mode, size, meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()]));
    }
    all.sort();
    all
}
