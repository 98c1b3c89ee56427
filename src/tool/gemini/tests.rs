use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Gemini;
use crate::model::message::{Block, Role};
use crate::tool::samples::{Tape, capture, cases, copy, sessions};
use crate::tool::testing::any_json;
use crate::tool::{Session, Source, Tool};

/// What a file of a sample says, read without the reader: each message in its fullest version.
fn told(home: &Path, file: &str) -> BTreeMap<String, Map<String, Value>> {
    let text = fs::read_to_string(home.join(file)).expect("a chat file");
    let mut all: Vec<Value> = Vec::new();
    match serde_json::from_str::<Value>(&text) {
        Ok(document) => all.extend(document["messages"].as_array().expect("messages").clone()),
        Err(_) => {
            for line in text.split_terminator('\n') {
                let line: Value = serde_json::from_str(line).expect("JSON");
                all.extend(
                    line.pointer("/$set/messages").and_then(Value::as_array).cloned().unwrap_or_default(),
                );
                all.push(line);
            }
        }
    }
    let mut out: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for message in all.into_iter().filter_map(|m| m.as_object().cloned()) {
        let Some(id) = message.get("id").and_then(Value::as_str) else { continue };
        let old = out.entry(id.to_owned()).or_default();
        for (key, value) in message {
            // The first content, before a resume turned it into parts; the last of everything else.
            if key != "content" || !old.contains_key("content") {
                old.insert(key, value);
            }
        }
    }
    out
}

#[test]
fn every_case_is_what_the_tool_wrote() {
    let cases = cases("gemini");
    assert_eq!(cases.len(), 15);
    for (name, case, home) in cases {
        let tapes = capture(&Gemini, &home);
        let mut by_id: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        for file in case["sessions"].as_array().expect("sessions") {
            by_id.entry(file["sessionId"].as_str().expect("an id").to_owned()).or_default().push(file);
        }
        assert_eq!(tapes.keys().collect::<Vec<_>>(), by_id.keys().collect::<Vec<_>>(), "{name}");
        for (id, files) in by_id {
            compare(&name, &home, &tapes[&id], &files);
        }
    }
}

fn compare(name: &str, home: &Path, tape: &Tape, files: &[&Value]) {
    assert_eq!(tape.skipped, 0, "{name}");
    assert!(tape.messages.iter().all(|m| m.replaces().is_none()), "{name}: read at once, nothing is revised");
    let mut messages: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for file in files {
        for (id, message) in told(home, file["file"].as_str().expect("a file")) {
            messages.entry(id).or_default().extend(message);
        }
    }
    // Prompts: what was on the command line, in the order in which it was asked.
    let mut asked: Vec<&str> = Vec::new();
    for prompt in files.iter().flat_map(|f| f["user_prompts"].as_array().expect("prompts")) {
        let prompt = prompt.as_str().expect("a text");
        if !asked.contains(&prompt) {
            asked.push(prompt);
        }
    }
    if name == "errors" {
        // The tool itself forgets a prompt that failed; its file does not.
        asked.insert(1, "This prompt gets an API error");
    }
    assert_eq!(tape.prompts(), asked, "{name}");
    // Calls and results.
    let mut wanted = BTreeMap::new();
    let mut results = BTreeMap::new();
    for call in messages.values().filter_map(|m| m.get("toolCalls")?.as_array()).flatten() {
        let id = call["id"].as_str().expect("an id").to_owned();
        wanted.insert(id.clone(), (call["name"].clone(), call["args"].clone()));
        let parts = call["result"].as_array().cloned().unwrap_or_default();
        let own = parts.iter().find(|p| p.pointer("/functionResponse/id").is_some_and(|i| *i == *id));
        let text = own.and_then(|p| {
            let response = p.pointer("/functionResponse/response")?;
            response.get("output").or(response.get("error"))?.as_str()
        });
        let text = text.or(call["result"].as_str()).expect("a result");
        results.insert(id, (text.to_owned(), Some(call["status"] != "success")));
    }
    let calls = tape.calls();
    let found: BTreeMap<_, _> = calls.iter().map(|(id, n, a)| (id.clone(), (json!(n), a.clone()))).collect();
    assert_eq!(calls.len(), found.len(), "{name}: no call twice");
    assert_eq!(found, wanted, "{name}");
    let found: BTreeMap<_, _> =
        tape.results().into_iter().map(|(id, (text, e, _))| (id, (text, e))).collect();
    assert_eq!(found, results, "{name}");
    for file in files {
        for call in file["tool_calls"].as_array().expect("calls") {
            let status = |(id, n, _): &&(String, String, Value)| {
                call[0] == n.as_str() && results[id].1 == Some(call[1] != "success")
            };
            assert!(calls.iter().find(status).is_some(), "{name}: {call}");
        }
    }
    // Tokens: `total` is what the service counted for an answer.
    let total: u64 = messages.values().filter_map(|m| m.get("tokens")?.get("total")?.as_u64()).sum();
    let usage = tape.usage();
    assert_eq!(usage.input + usage.cache_read + usage.output, total, "{name}");
    // Words and thoughts of the model.
    let said: BTreeSet<&str> =
        messages.values().filter(|m| m["type"] == "gemini").filter_map(|m| m["content"].as_str()).collect();
    let answers = tape.answers();
    assert_eq!(answers.iter().map(String::as_str).collect::<BTreeSet<_>>(), said, "{name}");
    let thoughts = messages.values().filter_map(|m| m.get("thoughts")?.as_array()).flatten().count();
    let blocks = tape.messages.iter().flat_map(|m| &m.content);
    assert_eq!(blocks.filter(|b| matches!(b, Block::Thinking { .. })).count(), thoughts, "{name}");
    // What the tool has in its list and what it took out again.
    let dropped: Vec<&str> = tape
        .messages
        .iter()
        .filter_map(|m| match m.content.first()? {
            Block::Other(map) => map.get("value")?.get("dropped")?.as_array(),
            _ => None,
        })
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(dropped.len(), usize::from(name == "errors"), "{name}");
    // Title and place.
    let summary = files.iter().find_map(|f| f["summary"].as_str());
    let first = asked.first().and_then(|p| p.lines().next());
    assert_eq!(tape.title(), summary.or(first), "{name}");
}

#[test]
fn every_session_is_in_its_folder() {
    for (name, case, home) in cases("gemini") {
        let tapes = capture(&Gemini, &home);
        let asked: BTreeMap<&str, &str> = case["commands"]
            .as_array()
            .expect("commands")
            .iter()
            .filter_map(|c| Some((c["cmd"].as_array()?.last()?.as_str()?, c["cwd"].as_str()?)))
            .collect();
        for tape in tapes.values() {
            let prompt = tape.prompts().pop().expect("a prompt");
            let cwd = asked.get(prompt.as_str()).copied().or(case["cwd"].as_str());
            // 0.20 names the folder only by its hash; the path of a file that was read has it.
            assert_eq!(tape.progress.head.workdir.as_deref(), cwd, "{name}: {prompt}");
        }
    }
}

#[test]
fn exit_codes_and_reasons_are_kept() {
    let (_, _, home) = cases("gemini").into_iter().find(|c| c.0 == "errors").expect("the case");
    let tape = capture(&Gemini, &home).into_values().next().expect("a session");
    let results = tape.results();
    let exits: Vec<_> = results.values().map(|r| (r.1, r.2)).collect();
    assert!(exits.contains(&(Some(false), Some(3))), "the tool calls a failed command a success: {exits:?}");
    assert_eq!(exits.iter().filter(|e| e.0 == Some(true)).count(), 3, "{exits:?}");
    assert!(
        tape.messages
            .iter()
            .filter(|m| m.role == Role::Tool)
            .all(|m| m.metadata["gemini"]["toolCalls"].is_object())
    );
}

/// One session whose file has the given lines.
struct Store {
    dir: tempfile::TempDir,
    text: String,
}

impl Store {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), text: String::new() }
    }

    fn add(&mut self, line: &str) -> Session {
        self.text.push_str(line);
        let path = self.dir.path().join(".gemini/tmp/p/chats/session-1.jsonl");
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, &self.text).expect("written");
        Session { native_id: "s".into(), sources: vec![Source { key: "k".into(), path }], title: None }
    }
}

#[test]
fn a_message_that_is_written_again_replaces_what_was_captured() {
    let mut store = Store::new();
    let mut tape = Tape::default();
    store.add("{\"sessionId\":\"s\",\"projectHash\":\"h\"}\n");
    let session = store.add("{\"id\":\"a\",\"type\":\"gemini\",\"content\":\"x\",\"tokens\":{\"input\":10,\"cached\":4,\"output\":2,\"thoughts\":3}}\n");
    assert_eq!(sessions(&Gemini, store.dir.path())[0].native_id, "s");
    tape.read(&Gemini, &session);
    let call = r#"{"id":"c","name":"read_file","args":{"file_path":"f"},"result":[{"functionResponse":{"id":"c","response":{"output":"out"}}}],"status":"success"}"#;
    let session = store.add(&format!("{{\"id\":\"a\",\"type\":\"gemini\",\"content\":\"x\",\"tokens\":{{\"input\":10,\"cached\":4,\"output\":2,\"thoughts\":3}},\"toolCalls\":[{call}]}}\n"));
    tape.read(&Gemini, &session);
    let ids: Vec<&str> = tape.messages.iter().map(|m| m.msg_id.as_str()).collect();
    assert_eq!(ids, ["a", "a~2", "a_response"]);
    assert_eq!(tape.messages[1].replaces(), Some("a"));
    assert_eq!(tape.messages[2].parent_msg_id.as_deref(), Some("a~2"));
    let usage = tape.usage();
    assert_eq!((usage.input, usage.cache_read, usage.output, usage.reasoning), (6, 4, 5, 3), "once");
    // The same result again, in a message of its own and after a resume.
    store.add("{\"id\":\"b\",\"type\":\"user\",\"content\":[{\"functionResponse\":{\"id\":\"c\",\"response\":{\"output\":\"out\"}}}]}\n");
    let session = store.add("{\"$set\":{\"messages\":[{\"id\":\"a\",\"type\":\"gemini\",\"content\":[{\"text\":\"x\"},{\"functionCall\":{\"id\":\"c\",\"name\":\"read_file\",\"args\":{}}}]},{\"id\":\"n\",\"type\":\"user\",\"content\":\"<state_snapshot>so far</state_snapshot>\"}]}}\n");
    tape.read(&Gemini, &session);
    assert_eq!(tape.messages.len(), 4);
    assert!(matches!(tape.messages[3].content[..], [Block::Summary { .. }]));
}

#[test]
fn a_stub_with_nothing_but_context_is_no_transcript_until_something_is_said() {
    let mut store = Store::new();
    let mut tape = Tape::default();
    let session = store.add("{\"$set\":{\"messages\":[{\"id\":\"c\",\"type\":\"user\",\"content\":\"<session_context>x</session_context>\"}]}}\n");
    tape.read(&Gemini, &session);
    assert!(tape.messages.is_empty());
    let session = store.add("{\"id\":\"p\",\"type\":\"user\",\"content\":\"hello\"}\n");
    tape.read(&Gemini, &session);
    let ids: Vec<&str> = tape.messages.iter().map(|m| m.msg_id.as_str()).collect();
    assert_eq!(ids, ["c", "p"]);
    assert_eq!(tape.prompts(), ["hello"]);
}

#[test]
fn a_rewind_is_told_and_loses_nothing() {
    let mut store = Store::new();
    let mut tape = Tape::default();
    for id in ["a", "b", "c", "d"] {
        store.add(&format!("{{\"id\":\"{id}\",\"type\":\"user\",\"content\":\"{id}\",\"new\":1}}\n"));
    }
    let session = store.add("{\"$rewindTo\":\"c\"}\n{\"future\":true}\nrubbish\n");
    tape.read(&Gemini, &session);
    let remarks: Vec<_> =
        tape.messages.iter().filter(|m| m.role == Role::System).map(|m| &m.content[0]).collect();
    assert_eq!(
        remarks,
        [
            &Block::opaque("x-gemini", json!({"future": true})),
            &Block::opaque("x-gemini", json!({"dropped": ["c", "d"]})),
        ]
    );
    assert_eq!(tape.prompts(), ["a", "b", "c", "d"]);
    assert_eq!(tape.messages[0].metadata["gemini"]["new"], 1);
    assert_eq!(tape.progress.head.metadata["unknown_lines"], 1);
    assert_eq!(tape.skipped, 1);
}

#[test]
fn sub_agents_speak_in_their_parents_session() {
    let mut store = Store::new();
    store.add("{\"sessionId\":\"s\",\"projectHash\":\"h\"}\n");
    store.add("{\"id\":\"a\",\"type\":\"gemini\",\"content\":\"\",\"toolCalls\":[{\"id\":\"c\",\"name\":\"invoke_agent\",\"args\":{\"agent_name\":\"scout\"},\"result\":\"done\",\"status\":\"success\",\"agentId\":\"scout-1\"}]}\n");
    let dir = store.dir.path().join(".gemini/tmp/p/chats/s");
    fs::create_dir_all(&dir).expect("made");
    fs::write(
        dir.join("scout-1.jsonl"),
        "{\"sessionId\":\"other\",\"projectHash\":\"h\",\"kind\":\"subagent\"}\n{\"id\":\"q\",\"type\":\"user\",\"content\":\"look\"}\n{\"id\":\"r\",\"type\":\"gemini\",\"content\":\"seen\",\"model\":\"m\"}\n",
    )
    .expect("written");
    let tapes = capture(&Gemini, store.dir.path());
    let tape = &tapes["s"];
    let side: Vec<_> = tape.messages.iter().filter(|m| m.is_sidechain).map(|m| m.msg_id.as_str()).collect();
    assert_eq!(side, ["q", "r"]);
    assert!(tape.prompts().is_empty(), "a task is no prompt");
    let card = &tape.progress.head.agents["scout-1"];
    assert_eq!(
        (card.messages, card.tool_use_id.as_deref(), card.kind.as_deref()),
        (2, Some("c"), Some("scout"))
    );
}

#[test]
fn a_document_that_grows_is_read_again_without_repeating() {
    let (_, _, home) = cases("gemini").into_iter().find(|c| c.0 == "v0.20-sha256-json").expect("the case");
    let home = copy(&home);
    let session = sessions(&Gemini, home.path()).pop().expect("a session");
    let path = &session.sources[0].path;
    let whole: Value = serde_json::from_str(&fs::read_to_string(path).expect("read")).expect("JSON");
    let mut tape = Tape::default();
    for n in 0..=5 {
        let mut part = whole.clone();
        part["messages"].as_array_mut().expect("messages").truncate(n);
        fs::write(path, part.to_string()).expect("written");
        tape.read(&Gemini, &session);
    }
    let ids: Vec<&str> = tape.messages.iter().map(|m| m.msg_id.as_str()).collect();
    assert_eq!(ids.len(), 6, "5 messages and one with results: {ids:?}");
    fs::write(path, &whole.to_string()[..900]).expect("written");
    tape.read(&Gemini, &session);
    assert_eq!((tape.messages.len(), tape.skipped), (6, 1), "half a document changes nothing");
}

/// A line that looks like one of the tool's, with anything in it.
fn some_line() -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "id",
        "type",
        "content",
        "toolCalls",
        "thoughts",
        "tokens",
        "timestamp",
        "$set",
        "messages",
        "$rewindTo",
        "functionCall",
        "functionResponse",
        "response",
        "result",
        "args",
        "text",
        "sessionId",
        "parts",
    ];
    prop_oneof![3 => any_json(KEYS, &["a", "user", "gemini"]).prop_map(|v| v.to_string()), 1 => ".{0,40}"]
}

proptest! {
    #[test]
    fn anything_in_a_file_is_read_in_pieces_without_harm(lines in prop::collection::vec(some_line(), 0..12)) {
        let mut store = Store::new();
        let mut tape = Tape::default();
        for line in &lines {
            let session = store.add(&format!("{line}\n"));
            tape.read(&Gemini, &session);
        }
        let count = tape.messages.len();
        tape.progress = Default::default();
        tape.read(&Gemini, &store.add(""));
        prop_assert!(tape.messages.len() <= count + lines.len());
        let path = store.dir.path().join("d.json");
        fs::write(&path, lines.first().cloned().unwrap_or_default()).expect("written");
        let session = Session { native_id: "s".into(), sources: vec![Source { key: "d".into(), path }], title: None };
        Gemini.read(&session, Default::default(), &mut Tape::default()).expect("read");
    }

    #[test]
    fn any_bytes_are_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let store = Store::new();
        let dir = store.dir.path().join(".gemini/tmp/p/chats");
        fs::create_dir_all(&dir).expect("made");
        for name in ["session-1.json", "session-2.jsonl"] {
            fs::write(dir.join(name), [b"{\"sessionId\":\"x\"}".as_slice(), &bytes].concat()).expect("written");
        }
        capture(&Gemini, store.dir.path());
    }
}
