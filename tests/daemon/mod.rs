//! The background capture, as the real process that it is.

mod capture;
mod process;
mod watcher;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use crate::support::{Sandbox, wait_for};

/// A session of Claude Code that a test writes to.
struct Talk(PathBuf);

impl Talk {
    /// One with a first prompt.
    fn begin(sandbox: &Sandbox, n: u32) -> Self {
        let dir = sandbox.home().join(".claude/projects/-p");
        fs::create_dir_all(&dir).expect("made");
        let talk = Self(dir.join(format!("{n:08}-2222-4333-8444-555555555555.jsonl")));
        talk.say(&format!("opening of {n}"));
        talk
    }

    /// Appends a prompt.
    fn say(&self, text: &str) {
        let line = serde_json::json!({
            "type": "user", "uuid": format!("u-{text}"), "parentUuid": null,
            "timestamp": "2026-11-20T00:00:00.000Z", "message": {"role": "user", "content": text},
        });
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&self.0).expect("opened");
        writeln!(file, "{line}").expect("written");
    }
}

/// Waits until a search finds something.
fn found(sandbox: &Sandbox, text: &str) {
    wait_for(&format!("`{text}` to be found"), || {
        (sandbox.json(&["search", text])["total"] == 1).then_some(())
    });
}
