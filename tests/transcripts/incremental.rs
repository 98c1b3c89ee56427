//! Captures by the real program: several at once, killed, and with the tool's files left alone.

use std::fs;

use serde_json::Value;

use super::{assert_canonical, assert_settled, fixtures, home_of, messages, rows, tree};
use crate::support::{Said, Sandbox, wait_for};

/// Writes a session of Claude Code with many prompts.
fn long_session(sandbox: &Sandbox, lines: usize) {
    let dir = sandbox.home().join(".claude/projects/-p");
    fs::create_dir_all(&dir).expect("made");
    let line = |i: usize| {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"u{i}\",\"parentUuid\":null,\"timestamp\":\"2026-11-22T00:00:00.000Z\",\
             \"message\":{{\"role\":\"user\",\"content\":\"prompt {i} {}\"}}}}\n",
            "filler ".repeat(200)
        )
    };
    let text: String = (0..lines).map(line).collect();
    fs::write(dir.join("11111111-2222-4333-8444-555555555555.jsonl"), text).expect("written");
}

#[test]
fn nothing_of_the_tools_is_touched() {
    for (tool, case) in [("claude-code", "killed-midturn"), ("codex", "killed"), ("codex", "interactive")] {
        let sandbox = home_of(tool, case);
        let before = tree(&sandbox.home());
        let _ = sandbox.json(&["capture"]);
        let _ = sandbox.json(&["list"]);
        assert_eq!(before, tree(&sandbox.home()), "{tool} {case}");
    }
}

#[test]
fn the_tools_own_places_can_be_elsewhere() {
    let mut sandbox = Sandbox::new();
    let claude = fixtures("claude-code").join("qa-simple/home/.claude");
    super::copy(&claude, &sandbox.path().join("c"));
    super::copy(&fixtures("codex").join("qa/dot-codex"), &sandbox.path().join("x"));
    sandbox.set("CLAUDE_CONFIG_DIR", sandbox.path().join("c").to_string_lossy());
    sandbox.set("CODEX_HOME", sandbox.path().join("x").to_string_lossy());
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["sessions_new"], 2);
    let by_tool = report["by_tool"].as_array().expect("tools");
    assert!(by_tool.iter().filter(|t| t["messages"].as_u64() > Some(0)).count() == 2, "{by_tool:?}");
    assert_settled(&sandbox);
    let one = sandbox.json(&["capture", "--tool", "codex"]);
    assert_eq!(one["by_tool"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_title_that_is_given_later_is_seen() {
    let sandbox = home_of("codex", "qa");
    let _ = sandbox.json(&["capture"]);
    let old = rows(&sandbox)[0].clone();
    assert_eq!(old["title"], "What is the capital of France?");
    let line = format!(
        "{{\"id\":{},\"thread_name\":\"capitals\",\"updated_at\":\"2026-11-22T00:00:00Z\"}}\n",
        old["native_id"]
    );
    fs::write(sandbox.home().join(".codex/session_index.jsonl"), line).expect("written");
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["sessions_updated"], &report["messages"]), (&1.into(), &0.into()));
    assert_eq!(rows(&sandbox)[0]["title"], "capitals");
    assert_canonical(&sandbox, &rows(&sandbox)[0]);
    assert_settled(&sandbox);
}

#[test]
fn a_file_that_is_archived_or_compressed_is_still_the_same_session() {
    let sandbox = home_of("codex", "tools");
    let _ = sandbox.json(&["capture"]);
    let before = rows(&sandbox);
    sandbox.sh("cd .codex; mkdir archived_sessions; mv sessions/*/*/*/*.jsonl archived_sessions/");
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["messages"], &report["sessions_new"]), (&0.into(), &0.into()));
    let file = fs::read_dir(sandbox.home().join(".codex/archived_sessions"))
        .expect("a folder")
        .next()
        .expect("a file")
        .expect("an entry")
        .path();
    let bytes = fs::read(&file).expect("read");
    fs::write(file.with_extension("jsonl.zst"), zstd::encode_all(bytes.as_slice(), 3).expect("compressed"))
        .expect("written");
    fs::remove_file(&file).expect("removed");
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["messages"], &report["sessions_new"]), (&0.into(), &0.into()));
    assert_eq!(rows(&sandbox), before);
}

#[test]
fn two_captures_at_once_do_the_work_once() {
    let sandbox = Sandbox::new();
    long_session(&sandbox, 3000);
    let start = || {
        let mut command = sandbox.sf_command(&["capture", "--json"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().expect("started")
    };
    let both = [start(), start()].map(|child| Said::from(child.wait_with_output().expect("ended")));
    let messages: u64 = both.iter().map(|said| said.json()["messages"].as_u64().expect("a number")).sum();
    assert_eq!(messages, 3000, "{both:?}");
}

#[test]
fn a_capture_that_waits_too_long_is_a_conflict() {
    let sandbox = home_of("claude-code", "qa-simple");
    let _ = sandbox.json(&["list"]);
    let lock = sandbox.sf_home().join("lock/capture.lock");
    let held = session_forge::sys::lock::try_lock(&lock).expect("a file").expect("free");
    let said = sandbox.sf(&["capture", "--timeout", "100ms", "--json"]);
    assert_eq!((said.status, &said.json()["error"]["code"]), (4, &"conflict".into()));
    drop(held);
    assert_eq!(sandbox.json(&["capture"])["sessions_new"], 1);
}

#[test]
fn a_killed_capture_is_finished_by_the_next_one() {
    let sandbox = Sandbox::new();
    long_session(&sandbox, 12_000);
    let sessions = sandbox.sf_home().join("sessions");
    for _ in 0..3 {
        let mut child = sandbox.sf_command(&["capture", "--json"]).spawn().expect("started");
        let before = tree_size(&sessions);
        // It has written something new, and is in the middle of it.
        wait_for("messages on the disk", || {
            (tree_size(&sessions) > before || child.try_wait().expect("asked").is_some()).then_some(())
        });
        let _ = child.kill();
        let _ = child.wait();
    }
    let _ = sandbox.json(&["capture"]);
    let rows = rows(&sandbox);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["messages"], 12_000);
    let ids: Vec<Value> = messages(&sandbox, &rows[0]).into_iter().map(|m| m["msg_id"].clone()).collect();
    assert!(ids.iter().enumerate().all(|(i, id)| *id == format!("u{i}").as_str()), "in order, each once");
    assert_eq!(sandbox.json(&["search", "prompt 11999"])["total"], 1);
    assert_settled(&sandbox);
}

fn tree_size(dir: &std::path::Path) -> usize {
    if dir.exists() { tree(dir).iter().map(|(_, bytes)| bytes.len()).sum() } else { 0 }
}

#[test]
fn other_hosts_are_refused_with_a_hint() {
    let sandbox = Sandbox::new();
    let said = sandbox.sf(&["capture", "--hosts", "nowhere", "--json"]);
    assert_eq!(said.json()["error"]["code"], "not_found");
    assert_eq!(sandbox.json(&["capture", "--hosts", "local"])["messages"], 0);
}
