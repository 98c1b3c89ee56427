//! Claude Code: what the server's log says against what was captured.
//!
//! `case.json` counts answers, calls and tokens of each session as the server reported them, by
//! kind. `main` and `subagent` are in the session files and must agree exactly. `compaction`,
//! `side` (titles) and `warmup` calls are the tool's own: no line of a session holds them.

use std::collections::HashSet;

use serde_json::Value;

use super::{assert_canonical, assert_settled, case, cases, home_of, lines, messages, prompts, row, rows};
use crate::support::Sandbox;

/// The sum of a number over the entries of a session of these kinds.
fn expected(case: &Value, session: &str, kinds: &[&str], pointer: &str) -> u64 {
    let entries = case["from_request_log"].as_array().expect("entries").iter();
    entries
        .filter(|e| e["session_id"] == session && kinds.contains(&e["kind"].as_str().expect("a kind")))
        .map(|e| e.pointer(pointer).and_then(Value::as_u64).expect("a number"))
        .sum()
}

/// Whether a fork has a line from its origin, which the log does not tell again.
fn inherited(line: &Value) -> bool {
    line["metadata"]["sf"]["inherited"] == true
}

/// Answers of the model: each has an id, which its lines share.
fn answers(lines: &[Value], sidechain: bool) -> usize {
    let ids = lines.iter().filter(|l| (l["is_sidechain"] == true) == sidechain && !inherited(l));
    ids.filter_map(|l| l["metadata"]["message_id"].as_str()).collect::<HashSet<_>>().len()
}

#[test]
fn every_case_agrees_with_the_servers_log() {
    let names = cases("claude-code");
    assert_eq!(names.len(), 13);
    for name in names {
        let case = case("claude-code", &name);
        let sandbox = home_of("claude-code", &name);
        let report = sandbox.json(&["capture"]);
        assert_eq!(report["skipped_lines"], 0, "{name}");
        let rows = rows(&sandbox);
        let in_files = ["main", "subagent"];
        let sessions: HashSet<&str> = case["from_request_log"]
            .as_array()
            .expect("entries")
            .iter()
            .filter(|e| in_files.contains(&e["kind"].as_str().expect("a kind")))
            .map(|e| e["session_id"].as_str().expect("an id"))
            .collect();
        // Sessions with nothing but side calls and warm-ups have no messages, so no row.
        assert_eq!(rows.len(), sessions.len(), "{name}: {rows:?}");
        for session in sessions {
            let row = row(&rows, session);
            for (field, pointer) in [
                ("tool_calls", "/tool_calls"),
                ("tokens_in", "/usage/input_tokens"),
                ("tokens_out", "/usage/output_tokens"),
                ("tokens_cache_read", "/usage/cache_read_input_tokens"),
                ("tokens_cache_write", "/usage/cache_creation_input_tokens"),
            ] {
                let wanted = expected(&case, session, &in_files, pointer) + cut_off(&name, pointer);
                assert_eq!(row[field], wanted, "{name} {session} {field}");
            }
            let lines = lines(&sandbox, row);
            for (kind, sidechain) in [("main", false), ("subagent", true)] {
                let more = if sidechain { 0 } else { cut_off(&name, "/api_answers") };
                let wanted = expected(&case, session, &[kind], "/api_answers") + more;
                assert_eq!(answers(&lines, sidechain) as u64, wanted, "{name} {session} {kind}");
            }
            let told: Vec<String> = prompts(&messages(&sandbox, row));
            assert_eq!(told, asked(&name, session), "{name} {session}");
            assert_canonical(&sandbox, row);
        }
        assert_settled(&sandbox);
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

fn captured(name: &str) -> (Sandbox, Vec<Value>) {
    let sandbox = home_of("claude-code", name);
    let _ = sandbox.json(&["capture"]);
    let rows = rows(&sandbox);
    (sandbox, rows)
}

#[test]
fn sub_agents_speak_where_they_spoke_and_name_their_call() {
    for name in ["subagents", "subagents-background", "v2.0.77-mixed", "v1.0.128-mixed"] {
        let (sandbox, rows) = captured(name);
        let said = messages(&sandbox, &rows[0]);
        let id = rows[0]["id"].as_str().expect("an id");
        let manifest = sandbox.json(&["show", id])["manifest"].clone();
        let agents = manifest["sub_agents"].as_array().expect("agents");
        assert_eq!(agents.len(), if name.starts_with("sub") { 2 } else { 1 }, "{name}");
        for agent in agents {
            let agent_id = agent["agent_id"].as_str().expect("an id");
            let theirs: Vec<&Value> = said.iter().filter(|m| m["agent_id"] == agent_id).collect();
            assert_eq!(agent["message_count"], theirs.len(), "{name}");
            assert!(theirs.iter().all(|m| m["is_sidechain"] == true), "{name}");
            let call = &manifest["metadata"]["sf"]["sub_agents"][agent_id]["tool_use_id"];
            let started = said.iter().position(|m| {
                m["blocks"]
                    .as_array()
                    .expect("blocks")
                    .iter()
                    .any(|b| b["type"] == "tool_use" && b["tool_use_id"] == *call)
            });
            let began = said.iter().position(|m| m["agent_id"] == agent_id);
            assert!(started.expect("the call") < began.expect("a message"), "{name} {agent_id}");
        }
        let times: Vec<&str> = said.iter().filter_map(|m| m["time"].as_str()).collect();
        if name.starts_with("sub") {
            let late = times.windows(2).filter(|pair| pair[0] > pair[1]).count();
            assert!(late <= 2, "{name}: files are merged by time: {times:?}");
        }
    }
}

#[test]
fn a_fork_is_whole_and_names_its_origin() {
    let (sandbox, rows) = captured("resume-fork");
    let origin = row(&rows, "11111111-2222-4333-8444-555555555555");
    let fork = row(&rows, "feea1505-387f-4c5b-ba05-a18f7784b07f");
    assert_eq!(fork["parent"], origin["id"]);
    assert_eq!(origin["parent"], Value::Null);
    assert_eq!((&origin["messages"], &fork["messages"]), (&8.into(), &8.into()));
    let (old, new) = (lines(&sandbox, origin), lines(&sandbox, fork));
    let (from_origin, own) = new.split_at(6);
    assert!(from_origin.iter().all(|l| inherited(l) && l["usage"].is_null()), "{from_origin:?}");
    assert!(!own.iter().any(inherited), "{own:?}");
    for (one, other) in from_origin.iter().zip(&old) {
        assert_eq!((&one["msg_id"], &one["content"]), (&other["msg_id"], &other["content"]));
    }
    assert_eq!(own[0]["parent_msg_id"], from_origin[5]["msg_id"]);
    // Each text is found once, where it was said.
    let found = sandbox.json(&["search", "codename"]);
    let hits = found["hits"].as_array().expect("hits");
    assert!(!hits.is_empty() && hits.iter().all(|hit| hit["id"] == origin["id"]), "{found}");
    assert_eq!(sandbox.json(&["search", "ibis", "--role", "user"])["hits"][0]["id"], fork["id"]);
    assert_eq!(origin["title"], "heron naming");
    let id = fork["id"].as_str().expect("an id");
    let manifest = sandbox.json(&["show", id])["manifest"].clone();
    assert_eq!(manifest["metadata"]["sf"]["fork"]["of"], origin["native_id"]);
    let through = manifest["metadata"]["sf"]["fork"]["through"].as_str().expect("a message").to_owned();
    assert!(messages(&sandbox, origin).iter().any(|m| m["msg_id"] == through.as_str()));
}

#[test]
fn long_outputs_pictures_and_odd_characters_are_whole() {
    let (sandbox, rows) = captured("unicode-ansi-long");
    let said = messages(&sandbox, &rows[0]);
    let blocks: Vec<&Value> = said.iter().flat_map(|m| m["blocks"].as_array().expect("blocks")).collect();
    let longest = blocks
        .iter()
        .filter(|b| b["type"] == "tool_result")
        .filter_map(|b| b["content"].as_str())
        .max_by_key(|c| c.len())
        .expect("a result");
    assert_eq!(longest.len(), 196_893, "the tool keeps it in a file of its own");
    assert_eq!(blocks.iter().filter(|b| b["type"] == "image").count(), 2, "one shown, one read");
    assert!(blocks.iter().any(|b| b["content"].as_str().is_some_and(|c| c.contains("\u{1b}["))), "colours");
    let all = sandbox.json(&["search", "こんにちは OR 日本"]);
    assert!(all["total"].as_u64().expect("a number") > 0);
}

#[test]
fn reasoning_is_kept_with_its_signature() {
    let (sandbox, rows) = captured("thinking");
    let said = messages(&sandbox, &rows[0]);
    let thoughts: Vec<&Value> = said
        .iter()
        .flat_map(|m| m["blocks"].as_array().expect("blocks"))
        .filter(|b| b["type"] == "thinking")
        .collect();
    assert!(thoughts.len() >= 3, "{thoughts:?}");
    assert!(thoughts.iter().all(|t| t["signature"].is_string()), "{thoughts:?}");
    assert!(thoughts.iter().any(|t| t["redacted"] == true), "{thoughts:?}");
}

#[test]
fn failures_are_marked_with_their_exit_status() {
    let (sandbox, rows) = captured("errors");
    let said = messages(&sandbox, &rows[0]);
    let failed: Vec<&Value> = said
        .iter()
        .flat_map(|m| m["blocks"].as_array().expect("blocks"))
        .filter(|b| b["type"] == "tool_result" && b["is_error"] == true)
        .collect();
    assert_eq!(failed.len(), 4, "a command, a file, a tool and an edit: {failed:?}");
    assert_eq!(failed.iter().filter(|b| b["exit_code"].is_i64()).count(), 1, "{failed:?}");
    assert!(said.iter().any(|m| m["role"] == "system" && m["is_meta"] == true), "the service's error");
}
