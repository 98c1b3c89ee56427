//! Claude Code: what the server's log says against what was captured.
//!
//! `case.json` counts answers, calls and tokens of each session as the server reported them, by
//! kind. `main` and `subagent` are in the session files and must agree exactly. `compaction`,
//! `side` (titles) and `warmup` calls are the tool's own: no line of a session holds them.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::super::inherited;
use super::{Captured, Case, row, texts};

/// The sum of a number over the entries of a session of these kinds.
fn expected(case: &Value, session: &str, kinds: &[&str], pointer: &str) -> u64 {
    let entries = case["from_request_log"].as_array().expect("entries").iter();
    entries
        .filter(|e| e["session_id"] == session && kinds.contains(&e["kind"].as_str().expect("a kind")))
        .map(|e| e.pointer(pointer).and_then(Value::as_u64).expect("a number"))
        .sum()
}

/// Answers of the model: each has an id, which its lines share.
fn answers(lines: &[Value], sidechain: bool) -> usize {
    let ids = lines.iter().filter(|l| (l["is_sidechain"] == true) == sidechain && !inherited(l));
    ids.filter_map(|l| l["metadata"]["message_id"].as_str()).collect::<HashSet<_>>().len()
}

pub fn compare(case: &Case, captured: &Captured) {
    let in_files = ["main", "subagent"];
    let sessions: BTreeSet<&str> = case
        .take("/from_request_log")
        .as_array()
        .expect("entries")
        .iter()
        .filter(|e| in_files.contains(&e["kind"].as_str().expect("a kind")))
        .map(|e| e["session_id"].as_str().expect("an id"))
        .collect();
    for file in texts(case.take("/files")) {
        let there = [captured.sandbox.home().join(file), captured.sandbox.home().join(".claude").join(file)];
        let beside = super::fixtures("claude-code").join(&case.name).join(file);
        assert!(there.iter().chain([&beside]).any(|path| path.exists()), "{}: {file}", case.name);
    }
    // Sessions with nothing but side calls and warm-ups have no messages, so no row.
    let (name, rows) = (&case.name, &captured.rows);
    assert_eq!(rows.len(), sessions.len(), "{name}: {rows:?}");
    for session in sessions {
        let row = row(rows, session);
        for (field, pointer) in [
            ("tool_calls", "/tool_calls"),
            ("tokens_in", "/usage/input_tokens"),
            ("tokens_out", "/usage/output_tokens"),
            ("tokens_cache_read", "/usage/cache_read_input_tokens"),
            ("tokens_cache_write", "/usage/cache_creation_input_tokens"),
        ] {
            let wanted = expected(&case.value, session, &in_files, pointer) + cut_off(name, pointer);
            assert_eq!(row[field], wanted, "{name} {session} {field}");
        }
        let talk = captured.talk(session);
        let lines = talk.lines();
        for (kind, sidechain) in [("main", false), ("subagent", true)] {
            let more = if sidechain { 0 } else { cut_off(name, "/api_answers") };
            let wanted = expected(&case.value, session, &[kind], "/api_answers") + more;
            assert_eq!(answers(&lines, sidechain) as u64, wanted, "{name} {session} {kind}");
        }
        assert_eq!(talk.prompts(), asked(name, session), "{name} {session}");
    }
}

/// What the person typed, in each case and session (from the scripts that drove the tool; the log
/// has no texts). Commands, shell lines, interrupts, notifications and sub-agents' tasks are none.
fn asked(name: &str, session: &str) -> Vec<&'static str> {
    match (name, session.get(..4).expect("an id")) {
        ("compact", _) => vec!["List the project", "What is next?", "Which file was it?"],
        ("errors", _) => {
            vec!["Run the failing things", "Provoke an API error", "Overload please", "Are we back?"]
        }
        ("interactive", _) => {
            vec!["write a greet helper", "say hello instead", "a slow question", "never mind"]
        }
        ("killed-midturn", _) => vec!["Do two steps"],
        ("qa-simple", _) => vec!["Which port does staging use?"],
        ("resume-fork", "1111") => {
            vec!["The codename is heron.", "What is the codename?", "And now?", "Check again"]
        }
        // A fork of the first three.
        ("resume-fork", _) => {
            vec!["The codename is heron.", "What is the codename?", "And now?", "Rename it to ibis"]
        }
        ("subagents" | "subagents-background", _) => vec!["Survey the endpoints"],
        ("thinking", _) => vec!["Queue or callbacks?", "Be more exact", "How long is app.py?"],
        ("tools-git", _) => vec!["Add a health endpoint with a test"],
        ("unicode-ansi-long", _) => vec![
            "Say hello 👋🏽 in many scripts: «日本語» \"quotes\" \\ back",
            "Run the noisy things",
            "What is in this picture? 🖼️",
        ],
        (_, _) => vec!["Add a health endpoint with a test", "Count the routes", "Anything else?"],
    }
}

/// Answers that were cut off and still left a line, where the log says what they would have been.
///
/// `interactive`: the answer was stopped with Esc. Its line has the input as the server reported it
/// when it began (20, and 960 from the cache; the tool's own `cost-state` counts them as well) and
/// 1 token of output, since the final count never came; the log's 300 is the length of the whole.
/// `killed-midturn`: the process was killed, and no line was written.
fn cut_off(name: &str, pointer: &str) -> u64 {
    match (name, pointer) {
        ("interactive", "/usage/input_tokens") => 20,
        ("interactive", "/usage/cache_read_input_tokens") => 960,
        ("interactive", "/usage/output_tokens" | "/api_answers") => 1,
        _ => 0,
    }
}
