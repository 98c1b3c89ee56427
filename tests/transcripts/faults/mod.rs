//! Bad input: each fault of a store, against every reader, by the real program. What is damaged is
//! skipped or kept, and named; everything else is captured; and once the fault is gone, the next
//! capture has it all, nothing lost and nothing doubled.

mod access;
mod content;
mod databases;
mod disk;
mod talk;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::home_of;
use crate::support::{Said, Sandbox};

/// A reader: a sample of the tool, and the file in it that faults happen to.
#[derive(Clone, Copy)]
struct Reader {
    tool: &'static str,
    case: &'static str,
    victim: &'static str,
}

const fn reader(tool: &'static str, case: &'static str, victim: &'static str) -> Reader {
    Reader { tool, case, victim }
}

/// Readers of files of lines.
const LINES: [Reader; 4] = [
    reader("claude-code", "tools-git", ".jsonl"),
    reader("codex", "tools", ".jsonl"),
    reader("gemini", "tools", ".jsonl"),
    reader("copilot", "tools", "events.jsonl"),
];

/// Readers of documents.
const DOCUMENTS: [Reader; 9] = [
    reader("codex", "cli-0.1.2505", ".json"),
    reader("gemini", "v0.37-slug-json", ".json"),
    reader("amp", "local-thread-2026", "ffff0001.json"),
    reader("cline", "real-cli-3.0.65", ".messages.json"),
    reader("cline", "vscode-legacy-globalstorage", "api_conversation_history.json"),
    reader("roo-code", "xml-tools-2025", "api_conversation_history.json"),
    reader("kilo-code", "legacy-vscode-5x", "api_conversation_history.json"),
    reader("opencode", "real-1.1.65-json-store", "storage/session/"),
    reader("opencode", "real-1.1.65-json-store", "storage/part/"),
];

/// Readers of databases.
const DATABASES: [Reader; 3] = [
    reader("opencode", "real-1.18.33-wal-pending", "opencode.db"),
    reader("kilo-code", "real-cli-7.7.7", "kilo.db"),
    reader("cursor", "state-vscdb-3x", "globalStorage/state.vscdb"),
];

impl Reader {
    fn name(&self) -> String {
        format!("{} {}", self.tool, self.case)
    }

    /// A home with the sample, and with a session that no fault happens to.
    fn home(&self) -> Sandbox {
        let sandbox = home_of(self.tool, self.case);
        let dir = sandbox.home().join(".claude/projects/-witness");
        fs::create_dir_all(&dir).expect("made");
        let line = r#"{"type":"user","uuid":"w1","parentUuid":null,"timestamp":"2026-11-20T00:00:00.000Z","message":{"role":"user","content":"a heron saw it"}}"#;
        fs::write(dir.join(format!("{WITNESS}.jsonl")), format!("{line}\n")).expect("written");
        sandbox
    }

    /// The file that the fault happens to: of several the first by name that is a session's.
    fn victim(&self, sandbox: &Sandbox) -> PathBuf {
        let mut files: Vec<PathBuf> =
            super::tree(&sandbox.home()).into_iter().map(|(path, _)| path).collect();
        files.retain(|path| {
            let text = path.to_string_lossy();
            let inside = match self.victim.strip_suffix('/') {
                Some(part) => text.contains(part),
                None => text.ends_with(self.victim),
            };
            let session =
                !["settings.json", "config.json", "projects.json", "logs.json", "session_index.jsonl"]
                    .iter()
                    .any(|other| text.ends_with(other));
            inside && session && !text.contains(WITNESS)
        });
        files.sort();
        files.into_iter().next().unwrap_or_else(|| panic!("{}: no {}", self.name(), self.victim))
    }
}

const WITNESS: &str = "99999999-2222-4333-8444-555555555555";

/// Messages of every transcript that no revision replaces, by the tool's id and their own (without
/// the number of the revision): what is said, as JSON.
type Everything = BTreeMap<String, BTreeMap<String, String>>;

fn everything(home: &Path) -> Everything {
    let mut all = Everything::new();
    for entry in fs::read_dir(home.join("sessions")).into_iter().flatten() {
        let dir = entry.expect("an entry").path();
        if dir.extension().is_none_or(|e| e != "sfs") {
            continue;
        }
        // Without a manifest it was begun and not finished; the next capture goes on there.
        if !dir.join("manifest.json").exists() {
            continue;
        }
        let read = |name: &str| fs::read_to_string(dir.join(name)).expect(name);
        let manifest: Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
        let mut messages = BTreeMap::new();
        for line in read("messages.jsonl").lines() {
            let message: Value = serde_json::from_str(line).expect("JSON");
            let id = message["msg_id"].as_str().expect("an id");
            let id = id.rsplit_once('~').map_or(id, |(base, _)| base).to_owned();
            // What the tool has dropped since does not count, and neither does saying so.
            if let Some(dropped) = message["content"][0]["value"]["dropped"].as_array() {
                for id in dropped {
                    messages.remove(id.as_str().expect("an id"));
                }
                continue;
            }
            // A later revision takes the place of the one before.
            messages.insert(id, format!("{} {}", message["role"], message["content"]));
        }
        let id = manifest["source"]["original_session_id"].as_str().expect("an id").to_owned();
        assert!(all.insert(id, messages).is_none(), "one transcript a session");
    }
    all
}

/// Runs a capture, with all that people are told.
fn capture(sandbox: &Sandbox) -> (Said, Value) {
    let said = sandbox.sf(&["capture", "--json"]);
    let report = said.json();
    (said, report)
}

/// What is told of a capture: the notices, and the report.
fn told(said: &Said, report: &Value, name: &str) -> bool {
    let counted = report["skipped_lines"].as_u64() > Some(0) || report["skipped_files"].as_u64() > Some(0);
    counted && said.stderr.contains(name)
}

/// The witness was captured whatever happened elsewhere.
fn assert_witnessed(sandbox: &Sandbox, what: &str) {
    assert_eq!(everything(&sandbox.sf_home()).get(WITNESS).map(BTreeMap::len), Some(1), "{what}");
}

/// What an undisturbed capture of the same home gives.
fn undisturbed(reader: &Reader) -> Everything {
    let sandbox = reader.home();
    let _ = sandbox.json(&["capture"]);
    everything(&sandbox.sf_home())
}

fn file_name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// The first readers of a list; all of them in `tests/run --slow`.
fn some<const N: usize>(readers: [Reader; N], quick: usize) -> impl Iterator<Item = Reader> {
    #[expect(clippy::disallowed_methods, reason = "the environment of the tests themselves")]
    let slow = std::env::var_os("SF_SLOW").is_some();
    readers.into_iter().take(if slow { N } else { quick })
}

/// Tries every fault, and tells of all that went wrong.
fn each<T>(faults: impl IntoIterator<Item = T>, suffer: impl Fn(T)) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let failed: Vec<String> = faults
        .into_iter()
        .filter_map(|fault| catch_unwind(AssertUnwindSafe(|| suffer(fault))).err())
        .map(|why| match why.downcast::<String>() {
            Ok(text) => *text,
            Err(_) => "a panic without words".to_owned(),
        })
        .collect();
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
