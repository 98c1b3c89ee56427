//! Claude Code: sub-agents, compaction, forks, long output, reasoning, failures.

use serde_json::Value;

use super::{home_of, inherited, lines, messages, row, rows};
use crate::support::Sandbox;

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
