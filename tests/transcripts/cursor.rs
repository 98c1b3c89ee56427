//! Cursor: `case.json` and the rows of the databases against what was captured.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{assert_canonical, assert_settled, case, home_of, lines, messages, prompts, row, rows, tree};
use crate::support::Sandbox;

const NEW: &str = "state-vscdb-3x";
const OLD: &str = "state-vscdb-0.4x";
const MAIN: &str = "7a21307b-c742-491d-ac90-21fdab1f1746";
const RUNNING: &str = "9d0c2a44-6b1e-4a0e-8f3c-0a1b2c3d4e5f";

fn global(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".config/Cursor/User/globalStorage/state.vscdb")
}

/// A connection like the editor's: what it writes stays in the log.
fn editor(sandbox: &Sandbox) -> Connection {
    let db = Connection::open(global(sandbox)).expect("opened");
    db.execute_batch("pragma wal_autocheckpoint = 0").expect("set");
    db
}

fn value(db: &Connection, key: &str) -> Value {
    let text: String =
        db.query_row("select value from cursorDiskKV where key = ?1", [key], |r| r.get(0)).expect("a row");
    serde_json::from_str(&text).expect("JSON")
}

fn put(db: &Connection, key: &str, value: &Value) {
    db.execute("insert into cursorDiskKV values (?1, ?2)", [key, &value.to_string()]).expect("written");
}

fn blocks(lines: &[Value], kind: &str) -> Vec<Value> {
    let blocks = lines.iter().flat_map(|l| l["content"].as_array().expect("blocks"));
    blocks.filter(|b| b["type"] == kind).cloned().collect()
}

fn names(lines: &[Value]) -> Vec<Value> {
    blocks(lines, "tool_use").iter().map(|b| b["name"].clone()).collect()
}

/// A capture that leaves the home as it is and no secret in ours.
fn capture(sandbox: &Sandbox) -> Value {
    let before = tree(&sandbox.home());
    let report = sandbox.json(&["capture"]);
    assert_eq!(before, tree(&sandbox.home()), "not a byte of the tool's is touched");
    for (path, bytes) in tree(&sandbox.sf_home()) {
        let text = String::from_utf8_lossy(&bytes);
        let found = text.contains("FAKE-TOKEN") || text.contains("dev@example.com");
        assert!(!found, "a secret in {}", path.display());
    }
    report
}

#[test]
fn conversations_of_3_x_are_whole_and_in_order() {
    let case = case("cursor", NEW)["expect"].clone();
    let sandbox = home_of("cursor", NEW);
    let truth = home_of("cursor", NEW);
    let truth = editor(&truth);
    let report = capture(&sandbox);
    assert_eq!(report["skipped_lines"], 0, "the broken rows are in no conversation's list");
    let all = rows(&sandbox);
    assert_eq!(all.len(), 4, "a draft is no conversation: {all:?}");
    for row in &all {
        assert_canonical(&sandbox, row);
        let id = row["native_id"].as_str().expect("an id");
        let lines = lines(&sandbox, row);
        let headers = value(&truth, &format!("composerData:{id}"))["fullConversationHeadersOnly"].clone();
        let order: Vec<Value> =
            headers.as_array().expect("a list").iter().map(|h| h["bubbleId"].clone()).collect();
        let said: Vec<Value> =
            lines.iter().filter(|l| l["role"] != "tool").map(|l| l["msg_id"].clone()).collect();
        assert_eq!(said, order[..said.len()], "the order of the list");
        for (bubble, line) in order.iter().zip(lines.iter().filter(|l| l["role"] != "tool")) {
            let bubble = value(&truth, &format!("bubbleId:{id}:{}", bubble.as_str().expect("an id")));
            assert_eq!(line["timestamp"], bubble["createdAt"]);
            let text = blocks(std::slice::from_ref(line), "text").first().map(|b| b["text"].clone());
            assert_eq!(text.unwrap_or_else(|| "".into()), bubble["text"]);
            if let Some(call) = blocks(std::slice::from_ref(line), "tool_use").first() {
                let input: Value =
                    serde_json::from_str(bubble["toolFormerData"]["rawArgs"].as_str().expect("text"))
                        .expect("JSON");
                assert_eq!((&call["name"], &call["input"]), (&bubble["toolFormerData"]["name"], &input));
            }
        }
    }
    let wanted = &case[MAIN];
    let main = row(&all, MAIN);
    let said = lines(&sandbox, main);
    assert_eq!((&main["title"], &main["workdir"]), (&wanted["title"], &wanted["cwd"]));
    assert_eq!(prompts(&messages(&sandbox, main)).len() as u64, wanted["user"].as_u64().expect("a number"));
    assert_eq!(json!(names(&said)), wanted["tool_calls"]);
    assert_eq!(json!(blocks(&said, "thinking").len()), wanted["thinking"]);
    let answers: Vec<&Value> = said.iter().filter(|l| l["role"] == "assistant").collect();
    let texts = answers.iter().flat_map(|l| blocks(std::slice::from_ref(*l), "text")).collect::<Vec<_>>();
    assert_eq!(json!(texts.len()), wanted["assistant_text"]);
    assert!(texts.last().and_then(|t| t["text"].as_str()).is_some_and(|t| t.starts_with("Done:")));
    let results = blocks(&said, "tool_result");
    let failed = results.iter().filter(|r| r["is_error"] == true).count();
    assert_eq!((results.len(), json!(failed)), (4, wanted["tool_errors"].clone()));
    let shell = results.iter().find(|r| r["tool_use_id"] == "call-3").expect("the command");
    assert_eq!((&shell["content"], &shell["exit_code"]), (&json!("hello, world\n"), &json!(0)));
    assert_eq!(
        results.iter().find(|r| r["tool_use_id"] == "call-4").expect("it")["content"],
        "no such directory"
    );
    let tokens = (&main["tokens_in"], &main["tokens_out"], &main["cost_usd"], &main["model"]);
    assert_eq!(tokens, (&json!(2100), &json!(130), &json!(0.07), &json!("claude-4.5-sonnet")));

    let child = row(&all, "5ab5ab5a-1111-4222-8333-444455556666");
    assert_eq!((&child["parent"], &child["messages"]), (&main["id"], &json!(2)));
    let huge = lines(&sandbox, row(&all, "11111111-2222-4333-8444-555555555555"));
    let longest =
        blocks(&huge, "tool_result").iter().filter_map(|r| Some(r["content"].as_str()?.len())).max();
    assert_eq!(
        longest.map(|n| n as u64),
        case["11111111-2222-4333-8444-555555555555"]["huge_result_bytes"].as_u64()
    );
    assert_eq!((blocks(&huge, "image").len(), blocks(&huge, "tool_use").len()), (1, 2));
    assert_eq!(blocks(&huge, "tool_result")[1]["content"], "MCP answer");
    let remote = row(&all, RUNNING);
    assert_eq!((&remote["workdir"], &remote["live"]), (&case[RUNNING]["cwd"], &case[RUNNING]["live"]));
    assert_eq!(main["live"], false);
    let manifest = sandbox.json(&["show", remote["id"].as_str().expect("an id")])["manifest"].clone();
    assert_eq!(manifest["metadata"]["sf"]["cursor"]["remote_authority"], case[RUNNING]["remote_authority"]);
    assert_settled(&sandbox);
}

#[test]
fn conversations_of_older_generations_are_found_in_their_workspace() {
    let case = case("cursor", OLD)["expect"].clone();
    let sandbox = home_of("cursor", OLD);
    assert_eq!(capture(&sandbox)["sessions_new"], 3);
    let all = rows(&sandbox);
    for row in &all {
        assert_canonical(&sandbox, row);
        assert_eq!(row["workdir"], "/home/dev/proj/my app", "{row}");
    }
    let composer = row(&all, "e0e0e0e0-aaaa-4bbb-8ccc-dddddddddddd");
    let said = lines(&sandbox, composer);
    assert_eq!(composer["title"], "Old style composer");
    assert_eq!(json!(names(&said)), case["e0e0e0e0-aaaa-4bbb-8ccc-dddddddddddd"]["tool_calls"]);
    let statuses: Vec<&Value> =
        said.iter().map(|l| &l["metadata"]["cursor"]["status"]).filter(|s| s.is_string()).collect();
    assert_eq!(statuses, ["completed", "cancelled"]);
    assert_eq!(blocks(&said, "tool_result")[1]["is_error"], true, "a cancelled call");
    let inline = lines(&sandbox, row(&all, "f1f1f1f1-aaaa-4bbb-8ccc-dddddddddddd"));
    let texts = |lines: &[Value]| blocks(lines, "text").iter().map(|b| b["text"].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&inline), ["inline question", "inline answer"]);
    let tab = row(&all, "tab-1");
    assert_eq!(
        (&tab["title"], texts(&lines(&sandbox, tab))),
        (&json!("Very old chat"), vec![json!("hi"), json!("hello!")])
    );
    assert_settled(&sandbox);
}

#[test]
fn every_list_of_conversations_will_do() {
    let changes = [
        "drop table composerHeaders",
        "delete from ItemTable where key = 'composer.composerHeaders'",
        "drop table composerHeaders; delete from ItemTable where key = 'composer.composerHeaders'",
    ];
    for change in changes {
        let sandbox = home_of("cursor", NEW);
        let db = editor(&sandbox);
        db.execute_batch(change).expect("changed");
        let _ = capture(&sandbox);
        let all = rows(&sandbox);
        assert_eq!(all.len(), 4, "{change}");
        let main = row(&all, MAIN);
        assert_eq!((&main["title"], &main["messages"]), (&json!("Fix the greeting"), &json!(12)), "{change}");
        assert_eq!(row(&all, "5ab5ab5a-1111-4222-8333-444455556666")["parent"], main["id"]);
    }
}

#[test]
fn what_streams_is_written_once_and_a_change_follows_it() {
    let sandbox = home_of("cursor", NEW);
    let _ = capture(&sandbox);
    let before = lines(&sandbox, row(&rows(&sandbox), MAIN)).len();
    let db = editor(&sandbox);
    // Far in the future, so that nothing is taken for the leftovers of a crash.
    let set = |status: &str, busy: &[&str], more: &[&str]| {
        let key = format!("composerData:{MAIN}");
        let mut doc = value(&db, &key);
        doc["status"] = status.into();
        doc["generatingBubbleIds"] = json!(busy);
        doc["lastUpdatedAt"] = json!(4_000_000_000_000_i64);
        let list = doc["fullConversationHeadersOnly"].as_array_mut().expect("a list");
        list.extend(more.iter().map(|id| json!({"bubbleId": id, "type": 2})));
        put(&db, &key, &doc);
    };
    let bubble = |id: &str, fields: Value| put(&db, &format!("bubbleId:{MAIN}:{id}"), &fields);
    bubble("n1", json!({"type": 1, "text": "and more"}));
    bubble("n2", json!({"type": 2, "text": "half"}));
    set("generating", &["n2"], &["n1", "n2"]);
    let report = capture(&sandbox);
    assert_eq!(
        (&report["messages"], &report["sessions_updated"]),
        (&json!(1), &json!(1)),
        "the prompt alone"
    );
    bubble("n2", json!({"type": 2, "text": "whole", "tokenCount": {"inputTokens": 5, "outputTokens": 3}}));
    bubble(
        "n3",
        json!({"type": 2, "toolFormerData": {"toolCallId": "c9", "name": "grep", "status": "loading", "rawArgs": "{}"}}),
    );
    set("generating", &["n3"], &["n3"]);
    assert_eq!(capture(&sandbox)["messages"], 1);
    bubble(
        "n3",
        json!({"type": 2, "toolFormerData": {"toolCallId": "c9", "name": "grep", "status": "completed", "rawArgs": "{}", "result": "x"}}),
    );
    set("completed", &[], &[]);
    assert_eq!(capture(&sandbox)["messages"], 2);
    bubble(
        "n2",
        json!({"type": 2, "text": "corrected", "tokenCount": {"inputTokens": 5, "outputTokens": 4}}),
    );
    bubble("n4", json!({"type": 7, "strange": [1]}));
    put(&db, &format!("bubbleId:{MAIN}:n5"), &json!("no object"));
    set("completed", &[], &["n4", "n5"]);
    let report = capture(&sandbox);
    assert_eq!((&report["messages"], &report["skipped_lines"]), (&json!(2), &json!(1)));
    assert!(report["bytes_read"].as_u64() < Some(6000), "only what changed: {report}");
    let all = rows(&sandbox);
    let main = row(&all, MAIN);
    let new = lines(&sandbox, main).split_off(before);
    let ids: Vec<&str> = new.iter().filter_map(|l| l["msg_id"].as_str()).collect();
    assert_eq!(ids, ["n1", "n2", "n3", "n3:result", "n2~2", "n4"]);
    assert_eq!(new[4]["metadata"]["sf"]["replaces"], "n2");
    let said = messages(&sandbox, main);
    let shown = |id: &str| said.iter().find(|m| m["msg_id"] == id);
    assert!(shown("n2").is_none(), "whoever reads, reads the newest");
    assert_eq!(shown("n2~2").expect("the newest")["replaces"], "n2");
    assert_canonical(&sandbox, main);
    assert_eq!(new[5]["content"][0]["value"]["strange"], json!([1]), "an unknown bubble is kept");
    assert_eq!((&main["tokens_in"], &main["tokens_out"]), (&json!(2105), &json!(134)), "counted once");
    let manifest = sandbox.json(&["show", main["id"].as_str().expect("an id")])["manifest"].clone();
    assert_eq!(manifest["metadata"]["sf"]["unknown_bubbles"], 1);
    // The tokens of an answer may be told after it.
    bubble(
        "n2",
        json!({"type": 2, "text": "corrected", "tokenCount": {"inputTokens": 5, "outputTokens": 9}}),
    );
    let again = capture(&sandbox);
    assert_eq!((&again["messages"], &again["sessions_updated"]), (&json!(0), &json!(1)));
    assert_eq!(row(&rows(&sandbox), MAIN)["tokens_out"], 139);
    let again = capture(&sandbox);
    assert_eq!((&again["messages"], &again["bytes_read"]), (&json!(0), &json!(0)));
}

/// What the terminal program writes.
fn chat(sandbox: &Sandbox, id: &str) -> Connection {
    let folder = sandbox.home().join(".cursor/chats/0123456789abcdef0123456789abcdef").join(id);
    fs::create_dir_all(&folder).expect("made");
    fs::write(
        folder.join("meta.json"),
        r#"{"schemaVersion":1,"title":"In the terminal","hasConversation":true}"#,
    )
    .expect("written");
    let db = Connection::open(folder.join("store.db")).expect("opened");
    let meta = json!({"agentId": id, "name": "In the terminal", "createdAt": 1_790_000_000_000_i64, "mode": "default",
                      "lastUsedModel": "composer-2", "workspacePath": "/home/dev/proj/alpha", "latestRootBlobId": "ff"});
    let hex: String = meta.to_string().bytes().map(|b| format!("{b:02x}")).collect();
    db.execute_batch("pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
        create table blobs(id text primary key, data blob); create table meta(key text primary key, value text);")
        .expect("made");
    db.execute("insert into meta values ('0', ?1)", [hex]).expect("written");
    db
}

fn blob(db: &Connection, id: &str, data: &[u8]) {
    db.execute("insert into blobs values (?1, ?2)", rusqlite::params![id, data]).expect("written");
}

#[test]
fn chats_of_the_terminal_are_read_and_listed_once() {
    let sandbox = home_of("cursor", NEW);
    let db = chat(&sandbox, "c11c11c1-0000-4000-8000-000000000001");
    let say = |id: &str, value: Value| blob(&db, id, value.to_string().as_bytes());
    say("a0", json!({"role": "system", "content": "be good"}));
    say(
        "a1",
        json!({"role": "user", "content": [{"type": "text", "text": "<user_info>\nOS: linux\n</user_info>"}]}),
    );
    say(
        "a2",
        json!({"role": "user", "content": [{"type": "text", "text": "<user_query>\nlist files\n</user_query>"}]}),
    );
    blob(&db, "a3", &[10, 32, 255, 0, 1]);
    say(
        "a4",
        json!({"role": "assistant", "providerOptions": {"cursor": {"modelName": "composer-2"}}, "content": [
        {"type": "reasoning", "text": "hm", "signature": "s"},
        {"type": "tool-call", "toolCallId": "t1", "toolName": "Shell", "args": {"command": "ls"}}]}),
    );
    say(
        "a5",
        json!({"role": "tool", "content": [
        {"type": "tool-result", "toolCallId": "t1", "toolName": "Shell", "result": "a.py\n", "isError": false}]}),
    );
    // The same conversation, and the editor's, are mirrored as transcripts too.
    let mirror = |id: &str| {
        let dir = sandbox.home().join(".cursor/projects/home-dev-proj-alpha/agent-transcripts").join(id);
        fs::create_dir_all(dir.join("subagents")).expect("made");
        let line = json!({"role": "user", "message": {"content": [{"type": "text", "text": "<user_query>\nmirrored\n</user_query>"}]}});
        let call = json!({"role": "assistant", "message": {"content": [{"type": "tool_use", "name": "Read", "input": {"path": "a"}}]}});
        fs::write(dir.join(format!("{id}.jsonl")), format!("{line}\n{call}\n")).expect("written");
        dir
    };
    mirror("c11c11c1-0000-4000-8000-000000000001");
    mirror(MAIN);
    let dir = mirror("a9a9a9a9-0000-4000-8000-000000000002");
    fs::write(
        dir.join("subagents/b7b7b7b7-0000-4000-8000-000000000003.jsonl"),
        "{\"role\":\"user\",\"message\":{\"content\":\"sub\"}}\n",
    )
    .expect("written");
    let report = capture(&sandbox);
    assert_eq!((&report["sessions_new"], &report["skipped_lines"]), (&json!(7), &json!(0)));
    let all = rows(&sandbox);
    assert_eq!(row(&all, MAIN)["messages"], 12, "the editor's database knows more");
    let own = row(&all, "c11c11c1-0000-4000-8000-000000000001");
    assert_eq!(
        (&own["title"], &own["workdir"], &own["model"]),
        (&json!("In the terminal"), &json!("/home/dev/proj/alpha"), &json!("composer-2"))
    );
    assert_eq!(prompts(&messages(&sandbox, own)), ["list files"]);
    let said = lines(&sandbox, own);
    assert_eq!((said.len(), names(&said)), (5, vec![json!("Shell")]));
    assert_eq!(blocks(&said, "tool_result")[0]["content"], "a.py\n");
    let mirrored = row(&all, "a9a9a9a9-0000-4000-8000-000000000002");
    assert_eq!(prompts(&messages(&sandbox, mirrored)), ["mirrored"]);
    let sub = row(&all, "b7b7b7b7-0000-4000-8000-000000000003");
    assert_eq!(sub["parent"], mirrored["id"]);
    for row in [own, mirrored, sub] {
        assert_canonical(&sandbox, row);
    }
    assert_settled(&sandbox);
    say("a6", json!({"role": "assistant", "content": [{"type": "text", "text": "one file"}]}));
    let report = capture(&sandbox);
    assert_eq!((&report["messages"], &report["sessions_updated"]), (&json!(1), &json!(1)));
}

#[test]
fn the_desktop_on_a_mac_and_a_server_are_other_places() {
    let sandbox = home_of("cursor", OLD);
    let user = sandbox.home().join(".config/Cursor/User");
    for place in ["Library/Application Support/Cursor", ".cursor-server/data"] {
        let place = sandbox.home().join(place);
        super::copy(&user, &place.join("User"));
    }
    fs::remove_dir_all(&user).expect("removed");
    let report = capture(&sandbox);
    assert_eq!(report["sessions_new"], 3, "the same conversations in two places are listed once");
    assert_settled(&sandbox);
}
