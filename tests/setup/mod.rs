//! Setting up, and looking after what is there.

mod doctor;
mod init;

use std::fs;

use crate::support::Sandbox;

/// Writes a session of Claude Code.
fn talk(sandbox: &Sandbox, words: &str) {
    let dir = sandbox.home().join(".claude/projects/-p");
    fs::create_dir_all(&dir).expect("made");
    let line = serde_json::json!({
        "type": "user", "uuid": "u1", "parentUuid": null, "timestamp": "2026-11-20T00:00:00.000Z",
        "message": {"role": "user", "content": words},
    });
    fs::write(dir.join("11111111-2222-4333-8444-555555555555.jsonl"), format!("{line}\n")).expect("written");
}
