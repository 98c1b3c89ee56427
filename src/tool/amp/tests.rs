use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Amp;
use crate::model::message::{Block, Role};
use crate::sys::Env;
use crate::tool::samples::{Tape, capture, cases, copy, sessions};
use crate::tool::testing::any_json;
use crate::tool::{Session, Source, Tool};

#[test]
fn every_case_is_what_the_client_wrote() {
    let cases = cases("amp");
    assert_eq!(cases.len(), 2);
    for (name, case, home) in cases {
        let tapes = capture(&Amp, &home);
        let wanted = case["expect"].as_object().expect("threads");
        assert_eq!(
            tapes.keys().collect::<Vec<_>>(),
            wanted.keys().collect::<Vec<_>>(),
            "{name}: no unfinished write"
        );
        for (id, wanted) in wanted {
            let path = home.join(format!(".local/share/amp/threads/{id}.json"));
            let thread = serde_json::from_str(&fs::read_to_string(path).expect("read")).expect("JSON");
            compare(id, wanted, &thread, &tapes[id]);
        }
    }
}

fn compare(id: &str, wanted: &Value, thread: &Value, tape: &Tape) {
    let head = &tape.progress.head;
    let blocks = |kind: &'static str| {
        let messages = thread["messages"].as_array().expect("messages").iter();
        messages.flat_map(|m| m["content"].as_array().expect("content")).filter(move |b| b["type"] == kind)
    };
    assert_eq!(json!(head.workdir), wanted["cwd"], "{id}");
    if let Some(title) = wanted["title"].as_str() {
        assert_eq!(tape.title(), Some(title));
    }
    let count = |key: &str, found: usize| {
        if let Some(n) = wanted[key].as_u64() {
            assert_eq!(found as u64, n, "{id} {key}");
        }
    };
    count("messages", tape.messages.len());
    count("user_prompts", tape.prompts().len());
    count("assistant", tape.answers().len());
    count("tool_calls", tape.calls().len());
    count("tool_results", tape.results().len());
    count("tool_errors", tape.results().values().filter(|r| r.1 == Some(true)).count());
    count(
        "images",
        tape.messages.iter().flat_map(|m| &m.content).filter(|b| matches!(b, Block::Image { .. })).count(),
    );
    if let Some(branch) = wanted["branch"].as_str() {
        assert_eq!(head.branch.as_deref(), Some(branch));
    }
    if let Some(address) = wanted["repository"].as_str() {
        assert_eq!(head.remote.as_deref(), Some(address));
    }
    assert_eq!(head.parent.as_deref(), wanted["fork_of"].as_str(), "{id}");
    for call in blocks("tool_use").filter(|b| b["complete"] != false) {
        let calls = tape.calls();
        let found = calls.iter().find(|c| call["id"] == c.0.as_str()).expect("the call");
        assert_eq!((json!(found.1), &found.2), (call["name"].clone(), &call["input"]), "{id}");
    }
    // The ledger is the sum of what was paid for; its answers are in the messages as well.
    let ledger = thread.pointer("/usageLedger/events").and_then(Value::as_array).cloned().unwrap_or_default();
    let sum = |key: &str| ledger.iter().filter_map(|e| e["tokens"][key].as_u64()).sum::<u64>();
    if wanted["ledger_input"].is_u64() {
        assert_eq!(
            (json!(sum("input")), json!(sum("output"))),
            (wanted["ledger_input"].clone(), wanted["ledger_output"].clone())
        );
        // The last answer is not in the ledger of this hand-made thread.
        let usage = tape.usage();
        assert_eq!(usage.input + usage.cache_read + usage.cache_write, sum("input") + 4312);
        assert_eq!(usage.output, sum("output") + 80);
        assert_eq!((usage.cache_read, usage.cache_write), (4 * 3400, 4 * 900));
    }
}

#[test]
fn results_have_their_text_and_status() {
    let (_, _, home) = cases("amp").into_iter().find(|c| c.0.starts_with("local")).expect("the case");
    let tapes = capture(&Amp, &home);
    let tape = &tapes["T-0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"];
    let results = tape.results();
    assert_eq!(results["toolu_01"], ("1: # demo\n2: print(\"helo\")".into(), Some(false), None));
    assert_eq!(results["toolu_02"].0, "```diff\n-print(\"helo\")\n+print(\"hello, world\")\n```");
    assert_eq!(results["toolu_03"], ("hello, world\n".into(), Some(false), Some(0)));
    assert_eq!(results["toolu_04"], ("sub-agent failed".into(), Some(true), None));
    let bash = tape.messages.iter().find(|m| m.role == Role::System).expect("a command that a person ran");
    assert!(bash.searchable().contains("hello.py"));
    let read = tape.messages.iter().find(|m| m.role == Role::Tool).expect("a result");
    assert_eq!(
        read.metadata["amp"]["blocks"]["0"]["run"]["result"]["absolutePath"],
        "/home/dev/proj/alpha/hello.py"
    );
    let times: Vec<String> = tape.messages.iter().map(|m| m.timestamp.to_string()).collect();
    assert_eq!(times[1], "2026-03-14T14:53:24.000Z");
    assert_eq!(times[9], "2026-03-14T14:54:24.000Z");
    assert_eq!(times[2], times[1], "results have no time of their own");
}

#[test]
fn a_streaming_answer_is_revised_until_it_is_whole() {
    let (_, _, home) = cases("amp").into_iter().find(|c| c.0.starts_with("local")).expect("the case");
    let home = copy(&home);
    let session = sessions(&Amp, home.path()).pop().expect("a session");
    let mut tape = Tape::default();
    tape.read(&Amp, &session);
    assert_eq!(tape.calls().len(), 0, "half a call");
    assert_eq!(tape.answers(), ["Partial ans"]);
    let path = &session.sources[0].path;
    let mut thread: Value = serde_json::from_str(&fs::read_to_string(path).expect("read")).expect("JSON");
    thread["messages"][1]["content"][0]["text"] = "Partial answer.".into();
    thread["messages"][1]["content"][1] = json!({"type": "tool_use", "complete": true, "id": "toolu_x", "name": "Bash", "input": {"cmd": "sleep 1"}});
    thread["messages"][1]["state"] = json!({"type": "complete", "stopReason": "tool_use"});
    thread["messages"][1]["usage"] = json!({"inputTokens": 3, "outputTokens": 4});
    let result = |run: Value| json!({"role": "user", "messageId": 2, "content": [{"type": "tool_result", "toolUseID": "toolu_x", "run": run}]});
    for run in [
        json!({"status": "in-progress", "progress": {"output": "."}}),
        json!({"status": "cancelled", "reason": "user"}),
    ] {
        thread["messages"].as_array_mut().expect("messages").truncate(2);
        thread["messages"].as_array_mut().expect("messages").push(result(run));
        fs::write(path, thread.to_string()).expect("written");
        tape.read(&Amp, &session);
    }
    let ids: Vec<(&str, Option<&str>)> =
        tape.messages.iter().map(|m| (m.msg_id.as_str(), m.replaces())).collect();
    assert_eq!(ids, [("m0", None), ("m1", None), ("m1~2", Some("m1")), ("m2", None), ("m2~2", Some("m2"))]);
    assert_eq!(tape.calls(), [("toolu_x".into(), "Bash".into(), json!({"cmd": "sleep 1"}))]);
    assert_eq!(tape.results()["toolu_x"], ("user".into(), Some(true), None));
    assert_eq!((tape.usage().input, tape.usage().output), (3, 4));
    // An edited prompt takes the rest of the thread away.
    thread["messages"].as_array_mut().expect("messages").truncate(1);
    fs::write(path, thread.to_string()).expect("written");
    tape.read(&Amp, &session);
    let last = tape.messages.last().expect("a remark");
    assert_eq!(last.content, [Block::opaque("x-amp", json!({"dropped": ["m1", "m2"]}))]);
    tape.progress.cursors.clear();
    tape.read(&Amp, &session);
    assert_eq!(tape.messages.len(), 6, "told once");
}

#[test]
fn only_threads_are_opened() {
    let dir = tempfile::tempdir().expect("a folder");
    let amp = dir.path().join("data/amp");
    fs::create_dir_all(amp.join("threads")).expect("made");
    for name in ["secrets.json", "threads/secrets.json", "threads/T-1.json.amptmp", "threads/T-2.json"] {
        fs::write(amp.join(name), "{}").expect("written");
    }
    let env = Env::of([("HOME", dir.path().to_owned()), ("XDG_DATA_HOME", dir.path().join("data"))]);
    let roots = Amp.roots(&env);
    let found = Amp.find(&roots[0]).expect("found");
    assert_eq!(found.iter().map(|s| s.native_id.as_str()).collect::<Vec<_>>(), ["T-2"]);
}

fn some_thread() -> impl Strategy<Value = Value> {
    const KEYS: &[&str] = &[
        "messages",
        "role",
        "content",
        "type",
        "run",
        "status",
        "result",
        "messageId",
        "usage",
        "state",
        "env",
        "initial",
        "trees",
        "uri",
        "usageLedger",
        "events",
        "tokens",
        "created",
        "title",
        "meta",
        "sentAt",
        "text",
        "id",
    ];
    let any = || any_json(KEYS, &["user", "assistant", "tool_result", "tool_use", "text", "done"]);
    (any(), any()).prop_map(|(thread, messages)| match thread {
        Value::Object(mut map) => {
            map.insert("messages".into(), messages);
            Value::Object(map)
        }
        other => other,
    })
}

proptest! {
    #[test]
    fn any_threads_are_no_harm(versions in prop::collection::vec(some_thread(), 1..4)) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("T-1.json");
        let session = Session { native_id: "T-1".into(), sources: vec![Source { key: "t".into(), path }], title: None };
        let mut tape = Tape::default();
        for version in &versions {
            fs::write(&session.sources[0].path, version.to_string()).expect("written");
            tape.progress.cursors.clear();
            tape.read(&Amp, &session);
        }
        let count = tape.messages.len();
        tape.progress.cursors.clear();
        tape.read(&Amp, &session);
        prop_assert_eq!(tape.messages.len(), count);
    }

    #[test]
    fn any_bytes_are_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().expect("a folder");
        let threads = dir.path().join(".local/share/amp/threads");
        fs::create_dir_all(&threads).expect("made");
        fs::write(threads.join("T-1.json"), &bytes).expect("written");
        capture(&Amp, dir.path());
    }
}
