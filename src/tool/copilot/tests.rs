use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Copilot;
use crate::model::message::{Block, Role};
use crate::tool::samples::{Tape, capture, cases, copy, sessions};
use crate::tool::testing::any_json;
use crate::tool::{Session, Source};

fn events(home: &Path, file: &Value) -> Vec<Value> {
    let text = fs::read_to_string(home.join(file.as_str().expect("a file"))).expect("events");
    text.split_terminator('\n').map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("texts").iter().map(|t| t.as_str().expect("a text")).collect()
}

#[test]
fn every_case_is_what_the_tool_sent() {
    let cases = cases("copilot");
    assert_eq!(cases.len(), 8);
    for (name, case, home) in cases {
        let tapes = capture(&Copilot, &home);
        let wanted = case["sessions"].as_array().expect("sessions");
        assert_eq!(tapes.len(), wanted.len(), "{name}");
        for session in wanted {
            let tape = &tapes[session["sessionId"].as_str().expect("an id")];
            compare(&name, &case, session, tape, &events(&home, &session["file"]));
        }
    }
}

fn compare(name: &str, case: &Value, session: &Value, tape: &Tape, events: &[Value]) {
    assert_eq!(tape.prompts(), texts(&session["user_prompts"]), "{name}");
    assert_eq!(tape.answers(), texts(&session["answers"]), "{name}");
    let of = |kind: &'static str| events.iter().filter(move |e| e["type"] == kind).map(|e| &e["data"]);
    // Every call with its whole input: what was executed is what was asked for.
    let calls = tape.calls();
    let pairs: Vec<Value> = calls.iter().map(|(id, n, _)| json!([id, n])).collect();
    assert_eq!(Value::Array(pairs), session["tool_calls"], "{name}");
    for started in of("tool.execution_start") {
        let call = (started["toolCallId"].as_str(), started["toolName"].as_str(), &started["arguments"]);
        assert!(
            calls.iter().any(|(i, n, a)| (Some(i.as_str()), Some(n.as_str()), a) == call),
            "{name}: {call:?}"
        );
    }
    // Results in the order in which they came.
    let mut found = Vec::new();
    for block in tape.messages.iter().flat_map(|m| &m.content) {
        if let Block::ToolResult { tool_use_id, is_error, .. } = block {
            found.push(json!([tool_use_id, is_error.map(|e| !e)]));
        }
    }
    assert_eq!(Value::Array(found), session["tool_results"], "{name}");
    let results = tape.results();
    for done in of("tool.execution_complete") {
        let (text, _, exit) = &results[done["toolCallId"].as_str().expect("an id")];
        let wanted = done.pointer("/result/content").or(done.pointer("/error/message")).expect("an output");
        assert_eq!(wanted, text, "{name}");
        assert_eq!(done.pointer("/shellExecution/exitCode").and_then(Value::as_i64), *exit, "{name}");
    }
    // Tokens: each call of the model has a record, and the end of the process repeats the sum.
    let sum = |key: &str| of("session.usage_record").filter_map(|d| d["usage"][key].as_u64()).sum::<u64>();
    let usage = tape.usage();
    assert_eq!(
        (usage.input + usage.cache_read, usage.output),
        (sum("inputTokens"), sum("outputTokens")),
        "{name}"
    );
    if let Some(metrics) = of("session.shutdown").next_back().and_then(|d| d["modelMetrics"].as_object()) {
        let total: u64 = metrics.values().filter_map(|m| m["usage"]["inputTokens"].as_u64()).sum();
        assert_eq!(usage.input + usage.cache_read, total, "{name}");
    }
    let reasoning = of("assistant.message").filter(|d| d["reasoningText"].is_string()).count();
    let blocks = tape.messages.iter().flat_map(|m| &m.content);
    assert_eq!(blocks.filter(|b| matches!(b, Block::Thinking { .. })).count(), reasoning, "{name}");
    let head = &tape.progress.head;
    assert_eq!(head.workdir.as_deref(), case["cwd"].as_str(), "{name}");
    assert_eq!(
        (head.branch.as_deref(), head.version.as_deref()),
        (Some("main"), case["version"].as_str()),
        "{name}"
    );
    assert_eq!(
        (head.model.as_deref(), head.effort.as_deref()),
        (Some("gpt-5-mini"), Some("medium")),
        "{name}"
    );
    assert!(!head.metadata.contains_key("unknown_lines"), "{name}: every event of the samples is known");
    let errors = of("session.error").count();
    let told = tape.messages.iter().filter(|m| m.role == Role::System);
    assert_eq!(told.filter(|m| m.metadata["copilot"]["type"] == "session.error").count(), errors, "{name}");
}

#[test]
fn titles_are_what_the_person_called_it() {
    let title = |name: &str| {
        let (_, _, home) = cases("copilot").into_iter().find(|c| c.0 == name).expect("the case");
        sessions(&Copilot, &home).pop().expect("a session").title
    };
    assert_eq!(title("resumed-renamed").as_deref(), Some("magic word"));
    assert_eq!(title("unicode").as_deref(), Some("Прочитай файл данные.txt 📄"));
}

#[test]
fn a_session_is_read_line_by_line_as_it_grows() {
    let (_, _, home) = cases("copilot").into_iter().find(|c| c.0 == "errors").expect("the case");
    let home = copy(&home);
    let session = sessions(&Copilot, home.path()).pop().expect("a session");
    let whole = capture(&Copilot, home.path()).remove(&session.native_id).expect("captured");
    let path = &session.sources[0].path;
    let text = fs::read_to_string(path).expect("read");
    let mut tape = Tape::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        // Half of the line is there first.
        fs::write(path, &text[..at + line.len() / 2]).expect("written");
        tape.read(&Copilot, &session);
        at += line.len();
        fs::write(path, &text[..at]).expect("written");
        tape.read(&Copilot, &session);
    }
    assert_eq!(tape.messages, whole.messages);
    assert_eq!(tape.usage(), whole.usage());
    assert_eq!(tape.bytes, text.len() as u64);
}

fn read(lines: &[Value]) -> Tape {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("session-state/s/events.jsonl");
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&path, text).expect("written");
    let session =
        Session { native_id: "s".into(), sources: vec![Source { key: "e".into(), path }], title: None };
    let mut tape = Tape::default();
    tape.read(&Copilot, &session);
    tape
}

fn event(id: &str, kind: &str, agent: Option<&str>, data: Value) -> Value {
    json!({"type": kind, "id": id, "agentId": agent, "timestamp": "2026-01-01T00:00:00.000Z", "data": data})
}

#[test]
fn sub_agents_compactions_skills_and_pictures_are_kept() {
    let tape = read(&[
        event(
            "1",
            "user.message",
            None,
            json!({"content": "go", "attachments": [
            {"type": "blob", "mimeType": "image/png", "data": "aGk="}, {"type": "file", "path": "/a.rs"}]}),
        ),
        event(
            "2",
            "assistant.message",
            None,
            json!({"content": "", "model": "m", "outputTokens": 7, "toolRequests": [
            {"toolCallId": "t", "name": "task", "arguments": {"agent_type": "explore"}}]}),
        ),
        event(
            "3",
            "subagent.started",
            Some("a1"),
            json!({"toolCallId": "t", "agentName": "explore", "agentDisplayName": "Explore"}),
        ),
        event("4", "assistant.message", Some("a1"), json!({"content": "found", "model": "small"})),
        event("5", "skill.invoked", None, json!({"name": "pdf", "content": "how to", "path": "/s"})),
        event("6", "user.message", None, json!({"content": "hidden", "source": "skill-pdf"})),
        event("7", "session.compaction_complete", None, json!({"success": true, "summaryContent": "so far"})),
        event(
            "8",
            "tool.user_requested",
            None,
            json!({"toolCallId": "u", "toolName": "bash", "arguments": {"command": "ls"}}),
        ),
        event(
            "9",
            "tool.execution_start",
            None,
            json!({"toolCallId": "u", "toolName": "bash", "arguments": {"command": "ls"}}),
        ),
        event(
            "10",
            "tool.execution_complete",
            None,
            json!({"toolCallId": "u", "success": true, "new": 1, "result": {
            "content": "x", "contents": [{"type": "shell_exit", "exitCode": 2}, {"type": "image", "mimeType": "image/png", "data": "eA=="}]}}),
        ),
        event("11", "future.event", None, json!({"k": 1})),
        event(
            "12",
            "session.shutdown",
            None,
            json!({"modelMetrics": {"m": {"usage": {
            "inputTokens": 100, "cacheReadTokens": 60, "cacheWriteTokens": 10, "outputTokens": 9}}}}),
        ),
    ]);
    assert_eq!(tape.prompts(), ["go"]);
    assert!(matches!(tape.messages[0].content[1], Block::Image { .. }));
    assert_eq!(tape.messages[0].metadata["copilot"]["attachments"][1]["path"], "/a.rs");
    let card = &tape.progress.head.agents["a1"];
    assert_eq!(
        (card.messages, card.tool_use_id.as_deref(), card.model.as_deref()),
        (1, Some("t"), Some("small"))
    );
    assert!(
        tape.messages.iter().any(|m| matches!(&m.content[..], [Block::Summary { text }] if text == "so far"))
    );
    assert_eq!(tape.calls().iter().filter(|c| c.0 == "u").count(), 1);
    assert_eq!(tape.results()["u"], ("x".into(), Some(false), Some(2)));
    let result = tape.messages.iter().find(|m| m.msg_id == "10").expect("the result");
    assert!(matches!(result.content[1], Block::Image { .. }));
    assert_eq!(result.metadata["copilot"]["new"], 1);
    assert_eq!(tape.progress.head.metadata["unknown_lines"], 1);
    let usage = tape.usage();
    assert_eq!(
        (usage.input, usage.cache_read, usage.cache_write, usage.output),
        (30, 60, 10, 9),
        "no records: the end counts"
    );
}

#[test]
fn flat_files_of_older_releases_are_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = dir.path().join(".copilot/session-state");
    fs::create_dir_all(state.join("b")).expect("made");
    for path in ["a.jsonl", "b.jsonl", "b/events.jsonl"] {
        fs::write(state.join(path), event("1", "user.message", None, json!({"content": path})).to_string())
            .expect("written");
    }
    let tapes = capture(&Copilot, dir.path());
    let prompts: BTreeMap<_, _> = tapes.iter().map(|(id, tape)| (id.as_str(), tape.prompts())).collect();
    assert_eq!(
        prompts,
        BTreeMap::from([("a", vec!["a.jsonl".to_owned()]), ("b", vec!["b/events.jsonl".to_owned()])])
    );
}

fn some_event() -> impl Strategy<Value = Value> {
    const KEYS: &[&str] = &[
        "content",
        "toolRequests",
        "toolCallId",
        "result",
        "contents",
        "usage",
        "modelMetrics",
        "attachments",
        "mimeType",
        "data",
        "exitCode",
        "context",
        "apiCallId",
        "reasoningText",
        "error",
        "message",
        "parentToolCallId",
        "inputTokens",
    ];
    let kind = prop::sample::select(vec![
        "session.start",
        "user.message",
        "assistant.message",
        "tool.execution_start",
        "tool.execution_complete",
        "session.usage_record",
        "session.shutdown",
        "session.compaction_complete",
        "subagent.started",
        "abort",
        "?",
    ]);
    (kind, any_json(KEYS, &["a", "image/png"]), "[a-c]?")
        .prop_map(|(kind, data, id)| json!({"type": kind, "data": data, "id": id}))
}

proptest! {
    #[test]
    fn any_events_are_no_harm(events in prop::collection::vec(some_event(), 0..12)) {
        read(&events);
    }

    #[test]
    fn any_bytes_are_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().expect("a folder");
        let state = dir.path().join(".copilot/session-state/s");
        fs::create_dir_all(&state).expect("made");
        fs::write(state.join("events.jsonl"), &bytes).expect("written");
        fs::write(state.join("workspace.yaml"), &bytes).expect("written");
        capture(&Copilot, dir.path());
    }
}
