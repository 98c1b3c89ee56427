//! Codex: what the requests held against what was captured.
//!
//! `case.json` tells what the CLI sent to the server. A request holds the whole history, so:
//! - the server saw a sub-agent's requests under the id of the tree's root: both are added up here
//!   before they are compared;
//! - the last reply of a session came back in no request, so captured answers are a superset;
//! - the compaction prompt is the tool's own and stands in no session file;
//! - a session that is not `in_request_log` has nothing to compare with, but must be readable.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::texts;
use super::{Captured, Case, messages, prompts, row};

/// Beginning of the prompt for a compaction.
const COMPACTION: &str = "You are performing a CONTEXT CHECKPOINT COMPACTION";

/// A text as the log cuts it.
fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

pub fn compare(case: &Case, captured: &Captured) {
    let sessions = case.take("/sessions").as_array().expect("sessions");
    let name = &case.name;
    assert_eq!(captured.rows.len(), sessions.len(), "{name}");
    for told in sessions {
        let own = row(&captured.rows, told["session_id"].as_str().expect("an id"));
        assert!(own["messages"].as_u64() > Some(0), "{name}");
        if told["in_request_log"] == true {
            session(name, told, &seen_with(&captured.sandbox, &captured.rows, own));
        }
    }
}

/// The messages that the server saw in requests of a session: its own, and those of its sub-agents.
fn seen_with(sandbox: &crate::support::Sandbox, rows: &[Value], own: &Value) -> Seen {
    let is_agent = |row: &Value| {
        let id = row["id"].as_str().expect("an id");
        sandbox.json(&["show", id])["manifest"]["metadata"]["sf"]["thread_source"] == "subagent"
    };
    let mut seen = Seen::default();
    seen.add(&messages(sandbox, own));
    for agent in rows.iter().filter(|r| r["parent"] == own["id"] && is_agent(r)) {
        seen.add(&messages(sandbox, agent));
    }
    seen
}

/// What can be compared with a log of requests.
#[derive(Default)]
struct Seen {
    prompts: BTreeSet<String>,
    answers: BTreeSet<String>,
    calls: BTreeMap<String, u64>,
    outputs: u64,
}

impl Seen {
    fn add(&mut self, messages: &[Value]) {
        self.prompts.extend(prompts(messages).iter().map(|p| cut(p)));
        for message in messages {
            if message["role"] == "assistant" {
                self.answers.extend(texts(message, "text").iter().map(|t| cut(t)));
            }
            for block in message["blocks"].as_array().expect("blocks") {
                match block["type"].as_str() {
                    Some("tool_use") => {
                        *self.calls.entry(block["name"].as_str().expect("a name").to_owned()).or_default() +=
                            1;
                    }
                    Some("tool_result") => self.outputs += 1,
                    _ => {}
                }
            }
        }
    }
}

fn session(name: &str, session: &Value, seen: &Seen) {
    let list = |key: &str| -> BTreeSet<String> {
        let texts = session[key].as_array().expect("texts").iter();
        texts.map(|t| t.as_str().expect("a text").to_owned()).collect()
    };
    let mut asked = list("user_texts");
    asked.retain(|text| !text.starts_with(COMPACTION));
    assert_eq!(seen.prompts, asked, "{name}");
    for answer in list("answers_seen_in_later_requests") {
        assert!(seen.answers.contains(&answer), "{name}: {answer:?} is missing in {:?}", seen.answers);
    }
    let wanted: BTreeMap<String, u64> = session["tool_call_names"]
        .as_object()
        .expect("names")
        .iter()
        .map(|(name, n)| (name.clone(), n.as_u64().expect("a number")))
        .collect();
    let mut calls = seen.calls.clone();
    if name == "killed" {
        // The process was killed while its second call ran, so no request ever repeated that call.
        *calls.get_mut("exec_command").expect("the open call") -= 1;
    }
    assert_eq!(calls, wanted, "{name}");
    assert_eq!(calls.values().sum::<u64>(), session["tool_calls"].as_u64().expect("a number"), "{name}");
    assert_eq!(seen.outputs, session["outputs"].as_u64().expect("a number"), "{name}");
}
