//! OpenCode and Kilo Code 7, whose cases count messages and parts; and Cline since 4.0, whose cases
//! count the blocks of each file.

use serde_json::{Value, json};

use super::{Captured, Case, Talk};

/// What each kind of part becomes. `step-start`, `step-finish` and `patch` are the program's own
/// marks: the tokens of a step are the message's, snapshots of files are no words.
const PARTS: [(&str, &[&str]); 5] = [
    ("text", &["text"]),
    ("reasoning", &["thinking"]),
    ("tool", &["tool_use"]),
    ("file", &["image", "x-file"]),
    ("agent", &["x-agent"]),
];

pub fn opencode(case: &Case, captured: &Captured) {
    let ids = case.keys("/sessions");
    assert_eq!(captured.rows.len(), ids.len(), "{}: {:?}", case.name, captured.rows);
    for id in ids {
        let at = |key: &str| format!("/sessions/{id}/{key}");
        let talk = captured.talk(&id);
        let context = format!("{} {} {id}", case.tool, case.name);
        let title = case.take(&at("title")).as_str().expect("a title");
        // A name that the program made up of the time is none; then the first prompt is.
        if title.starts_with("New session - ") {
            let prompt = case.look(&at("first_user_text")).as_str().expect("a text").trim_matches('"');
            assert_eq!(talk.row["title"], prompt, "{context}");
        } else {
            assert_eq!(talk.row["title"], title, "{context}");
        }
        assert_eq!(json!(talk.parent()), *case.take(&at("parent")), "{context}");
        if case.look(&at("messages")).is_number() {
            exported(case, &at, &talk, &context);
            continue;
        }
        assert_eq!(talk.row["workdir"], *case.take(&at("directory")), "{context}");
        let number = |key: &str| case.take(&at(key)).as_f64();
        if let Some(cost) = number("cost") {
            let told = talk.row["cost_usd"].as_f64().expect("a cost");
            assert!((told - cost).abs() < 1e-9, "{context}: {told} and {cost}");
        }
        if let Some(input) = number("tokens_input") {
            assert_eq!(talk.row["tokens_in"].as_f64(), Some(input), "{context}");
        }
        if let Some(output) = number("tokens_output") {
            // Theirs leaves reasoning out.
            let reasoning: u64 =
                talk.said.iter().filter_map(|m| m["usage"]["reasoning_tokens"].as_u64()).sum();
            let told = talk.row["tokens_out"].as_u64().expect("a number") - reasoning;
            assert_eq!(told as f64, output, "{context}");
        }
        let roles = case.take(&at("roles"));
        // A killed process leaves an answer without anything in it, which is no message.
        let unfinished = case.take(&at("unfinished_messages")).as_u64().unwrap_or(0);
        let answers = roles["assistant"].as_u64().expect("a number") - unfinished;
        assert_eq!(talk.role("assistant"), answers, "{context}");
        // What the program put into a prompt's mouth is a message of its own.
        let asked = talk.said.iter().filter(|m| m["role"] == "user" && m["prompt"] == true).count() as u64;
        assert_eq!(asked, roles["user"].as_u64().expect("a number"), "{context}");
        let parts = case.take(&at("parts")).as_object().expect("parts");
        for (kind, wanted) in parts {
            match PARTS.iter().find(|(known, _)| known == kind) {
                Some((_, blocks)) => {
                    let told: u64 = blocks.iter().map(|b| talk.count(b)).sum();
                    assert_eq!(json!(told), *wanted, "{context} {kind}");
                }
                None => assert!(
                    matches!(kind.as_str(), "step-start" | "step-finish" | "patch"),
                    "{context} {kind}"
                ),
            }
        }
        tools(case.take(&at("tools")), &talk, &context);
        let errors = case.take(&at("message_errors")).as_array().cloned().unwrap_or_default();
        let told: Vec<Value> = talk.blocks("x-error").iter().map(|b| name_of(b)).collect();
        assert_eq!(told, errors, "{context}");
        if let Some(first) = case.take(&at("first_user_text")).as_str() {
            let first = first.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(first);
            let said = talk.said.iter().filter(|m| m["role"] == "user");
            let all: Vec<String> = said.flat_map(|m| super::super::texts(m, "text")).collect();
            assert!(all.iter().any(|t| t.trim_matches('"') == first), "{context}: {first:?} in {all:?}");
        }
    }
}

fn name_of(error: &Value) -> Value {
    let value = if error["value"].is_object() { &error["value"] } else { error };
    value["name"].clone()
}

/// Calls and how they ended, in order.
fn tools(wanted: &Value, talk: &Talk<'_>, context: &str) {
    let results = talk.blocks("tool_result");
    let told: Vec<Value> = talk
        .blocks("tool_use")
        .iter()
        .map(|call| {
            let result = results.iter().find(|r| r["tool_use_id"] == call["tool_use_id"]);
            let state = result.map(|r| if r["is_error"] == true { "error" } else { "completed" });
            json!([call["name"], state])
        })
        .collect();
    assert_eq!(Value::from(told), *wanted, "{context}");
}

/// A session that `opencode export` wrote: messages and parts are counted in all.
fn exported(case: &Case, at: &impl Fn(&str) -> String, talk: &Talk<'_>, context: &str) {
    let messages = case.take(&at("messages")).as_u64().expect("a number");
    assert_eq!(talk.role("user") + talk.role("assistant"), messages, "{context}");
    let parts = case.take(&at("parts")).as_u64().expect("a number");
    let kept = ["text", "thinking", "tool_use", "image"].iter().map(|kind| talk.count(kind)).sum::<u64>();
    // Beside words and calls each step has a start and a finish, and some leave a patch.
    let steps = 2 * talk.role("assistant");
    assert!((kept + steps..=kept + steps + 1).contains(&parts), "{context}: {kept} of {parts}");
}

pub fn cline(case: &Case, captured: &Captured) {
    for at in case.items("/sessions_db") {
        let of = |key: &str| case.take(&format!("{at}/{key}"));
        let id = of("session_id").as_str().expect("an id");
        let status = of("status");
        // Of a sub-agent only the database has a row; what it said lies in its parent's folder and
        // transcript.
        if of("is_subagent") == &json!(1) {
            let parent = captured.talk(of("parent_session_id").as_str().expect("an id"));
            let agent = id.split_once("__").expect("its own part").1;
            assert!(parent.said.iter().any(|m| m["agent_id"] == agent), "{id}");
            let card = &parent.own()["sub_agents"][agent];
            let call =
                parent.blocks("tool_use").into_iter().find(|b| b["name"] == "spawn_agent").expect("the call");
            assert_eq!(card["tool_use_id"], call["tool_use_id"], "{id}: {card}");
            of("exit_code");
            continue;
        }
        let own = captured.talk(id).own();
        assert_eq!(own["status"], *status, "{id}: {own}");
        assert_eq!(own["exit_code"], *of("exit_code"), "{id}: {own}");
        assert_eq!(json!(captured.talk(id).parent()), *of("parent_session_id"), "{id}");
    }
    for file in case.keys("/message_files") {
        let at = |key: &str| format!("/message_files/{file}/{key}");
        let session = case.take(&at("sessionId")).as_str().expect("an id");
        let (root, agent) =
            session.split_once("__").map_or((session, None), |(root, agent)| (root, Some(agent)));
        let lead = case.take(&at("agent")) == "lead";
        assert_eq!(lead, agent.is_none());
        let talk = captured.talk(root);
        let said: Vec<&Value> = talk.said.iter().filter(|m| m["agent_id"].as_str() == agent).collect();
        assert_eq!(json!(said.len()), *case.take(&at("messages")), "{file}");
        let roles = case.take(&at("roles"));
        // Results are theirs who called in Cline's file, and a failure is told by the program.
        let of = |roles: &[&str]| said.iter().filter(|m| roles.iter().any(|r| m["role"] == *r)).count();
        assert_eq!(json!(of(&["user", "tool"])), roles["user"], "{file}");
        assert_eq!(json!(of(&["assistant", "system"])), roles["assistant"], "{file}");
        for (kind, wanted) in case.take(&at("blocks")).as_object().expect("blocks") {
            let blocks = said.iter().flat_map(|m| m["blocks"].as_array().expect("blocks"));
            assert_eq!(json!(blocks.filter(|b| b["type"] == *kind).count()), *wanted, "{file} {kind}");
        }
    }
}
