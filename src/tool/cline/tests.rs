use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Cline;
use crate::model::message::{Block, Role};
use crate::sys::Env;
use crate::tool::samples::{Tape, capture, cases, copy, sessions, texts};
use crate::tool::testing::any_json;
use crate::tool::{Session, Tool};

#[test]
fn task_folders_are_what_the_samples_say_on_the_desktop_and_on_a_server() {
    for name in ["vscode-legacy-globalstorage", "vscode-server-legacy"] {
        let (_, case, home) = cases("cline").into_iter().find(|c| c.0 == name).expect("the case");
        let tapes = capture(&Cline, &home);
        assert_eq!(tapes.len(), 1, "{name}: an entry without a folder is no task");
        let (wanted, tape) = (&case["expect"]["1767225600000"], &tapes["1767225600000"]);
        let head = &tape.progress.head;
        assert_eq!(
            (json!(tape.title()), json!(head.workdir)),
            (wanted["title"].clone(), wanted["cwd"].clone())
        );
        assert_eq!(json!(head.cost_usd), wanted["cost"]);
        assert_eq!(head.version.as_deref(), Some("3.46.1"));
        assert_eq!(
            (head.model.as_deref(), head.provider.as_deref()),
            (Some("claude-sonnet-4.5"), Some("openrouter"))
        );
        let talk = tape.messages.iter().filter(|m| m.msg_id.starts_with('a')).count();
        assert_eq!(json!(talk), wanted["api_messages"]);
        assert_eq!(json!(tape.calls().len()), wanted["tool_calls"]);
        assert_eq!(tape.calls()[0].2, json!({"path": "hello.py", "task_progress": "- [ ] read"}));
        let results = tape.results();
        assert_eq!(results["toolu_c1"], ("# demo\nprint(\"helo\")\n".into(), None, None));
        assert_eq!(results["toolu_c2"], ("The user denied this operation.".into(), Some(true), None));
        assert_eq!(json!(results.values().filter(|r| r.1 == Some(true)).count()), wanted["tool_errors"]);
        let images =
            tape.messages.iter().flat_map(|m| &m.content).filter(|b| matches!(b, Block::Image { .. }));
        assert_eq!(json!(images.count()), wanted["images"]);
        let usage = tape.usage();
        assert_eq!(json!(usage.input), wanted["tokens_in"]);
        assert_eq!((usage.cache_read, usage.output), (1000, 80));
        assert_eq!(tape.prompts(), ["Fix the greeting in hello.py"], "without tags and surroundings");
        let around = tape.messages[0].metadata["cline"]["environment_details"][0].as_str().expect("kept");
        assert!(around.contains("Visible Files"));
        assert_eq!(tape.messages[0].timestamp.0, 1_767_225_600_000, "the screen has the times");
        assert_eq!(tape.messages[1].timestamp.0, 1_767_225_600_900);
    }
}

fn documents(home: &Path) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    for dir in fs::read_dir(home.join(".cline/data/sessions")).expect("sessions") {
        for file in fs::read_dir(dir.expect("an entry").path()).expect("a session") {
            let path = file.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            out.insert(name, serde_json::from_str(&fs::read_to_string(&path).expect("read")).expect("JSON"));
        }
    }
    out
}

#[test]
fn sessions_of_the_cli_are_what_it_wrote() {
    let (_, case, home) = cases("cline").into_iter().find(|c| c.0.starts_with("real")).expect("the case");
    let tapes = capture(&Cline, &home);
    let own = case["sessions_db"].as_array().expect("rows").iter().filter(|row| row["is_subagent"] == 0);
    let own: Vec<&str> = own.map(|row| row["session_id"].as_str().expect("an id")).collect();
    assert_eq!(tapes.keys().map(String::as_str).collect::<Vec<_>>(), own);
    let documents = documents(&home);
    for row in case["sessions_db"].as_array().expect("rows").iter().filter(|row| row["is_subagent"] == 0) {
        let id = row["session_id"].as_str().expect("an id");
        let head = &tapes[id].progress.head;
        assert_eq!(
            (&head.metadata["status"], &head.metadata["exit_code"]),
            (&row["status"], &row["exit_code"]),
            "{id}"
        );
        assert_eq!(
            (head.workdir.as_deref(), head.branch.as_deref()),
            (Some("/home/dev/proj/alpha"), Some("main")),
            "{id}"
        );
        assert_eq!(
            (head.version.as_deref(), head.model.as_deref()),
            (Some("3.0.65"), Some("mock-1")),
            "{id}"
        );
        let manifest = &documents[&format!("{id}.json")];
        assert_eq!(json!(tapes[id].title()), manifest["metadata"]["title"], "{id}");
        assert!(!format!("{:?}", head.metadata).contains("You are"), "no system prompts");
        // The manifest has the sum of the session without its sub-agents.
        let main = tapes[id].messages.iter().filter(|m| !m.is_sidechain).filter_map(|m| m.usage);
        let sum = main.fold(crate::model::message::Usage::default(), crate::model::message::Usage::plus);
        let told = &manifest["metadata"]["usage"];
        assert_eq!(json!(sum.input + sum.cache_read + sum.cache_write), told["inputTokens"], "{id}");
        assert_eq!(
            (json!(sum.output), json!(sum.cache_read)),
            (told["outputTokens"].clone(), told["cacheReadTokens"].clone()),
            "{id}"
        );
    }
    for (name, file) in case["message_files"].as_object().expect("files") {
        threads(name, file, &documents[name], &tapes);
    }
}

fn threads(name: &str, file: &Value, document: &Value, tapes: &BTreeMap<String, Tape>) {
    let session = file["sessionId"].as_str().expect("an id");
    let (root, agent) = session.split_once("__").map_or((session, None), |(root, agent)| (root, Some(agent)));
    let tape = &tapes[root];
    let own: Vec<_> = tape.messages.iter().filter(|m| m.agent_id.as_deref() == agent).collect();
    assert_eq!(json!(own.len()), file["messages"], "{name}");
    let count =
        |wanted: fn(&Block) -> bool| json!(own.iter().flat_map(|m| &m.content).filter(|b| wanted(b)).count());
    for (kind, found) in [
        ("text", count(|b| matches!(b, Block::Text { .. }))),
        ("thinking", count(|b| matches!(b, Block::Thinking { .. }))),
        ("tool_use", count(|b| matches!(b, Block::ToolUse { .. }))),
        ("tool_result", count(|b| matches!(b, Block::ToolResult { .. }))),
    ] {
        assert_eq!(found, *file["blocks"].get(kind).unwrap_or(&json!(0)), "{name} {kind}");
    }
    let blocks = document["messages"].as_array().expect("messages").iter();
    for block in blocks.flat_map(|m| m["content"].as_array().expect("content")) {
        match block["type"].as_str() {
            Some("tool_use") => {
                let calls = tape.calls();
                let call = calls.iter().find(|c| block["id"] == c.0.as_str()).expect("the call");
                assert_eq!((json!(call.1), &call.2), (block["name"].clone(), &block["input"]), "{name}");
            }
            Some("tool_result") => {
                let (text, failed, _) = &tape.results()[block["tool_use_id"].as_str().expect("an id")];
                assert_eq!(*failed == Some(true), block["is_error"] == true, "{name}");
                let content = match block["content"].as_str() {
                    Some(text) => serde_json::from_str(text).expect("an object"),
                    None => block["content"][0].clone(),
                };
                let wanted =
                    content["result"].as_str().unwrap_or_else(|| block["content"].as_str().expect("a text"));
                assert_eq!(text, wanted, "{name}");
            }
            _ => {}
        }
    }
    if agent.is_none() {
        let asked: Vec<String> = tape.prompts();
        let first = document["messages"][0]["content"][0]["text"].as_str().expect("a text");
        assert_eq!(
            asked,
            [first.trim_start_matches("<user_input mode=\"act\">").trim_end_matches("</user_input>")],
            "{name}"
        );
    }
}

#[test]
fn sub_agents_speak_where_they_spoke_and_errors_are_no_answers() {
    let (_, _, home) = cases("cline").into_iter().find(|c| c.0.starts_with("real")).expect("the case");
    let tapes = capture(&Cline, &home);
    let tape = &tapes["1795224047309_d2o2h"];
    let agents: Vec<bool> = tape.messages.iter().map(|m| m.is_sidechain).collect();
    assert_eq!(agents, [false, false, true, true, true, true, false, false]);
    let card = &tape.progress.head.agents["agent_1795224047901_3jqduq"];
    assert_eq!((card.messages, card.tool_use_id.as_deref()), (4, Some("call_mock1_0")));
    let failed = &tapes["1795223970712_4rc84"];
    let error = failed.messages.last().expect("an error");
    assert_eq!((error.role, texts(error)), (Role::System, vec!["mock: invalid api key"]));
    assert!(failed.answers().is_empty());
}

#[test]
fn folders_that_the_environment_names_are_looked_into() {
    let roots = |vars: &[(&str, &str)]| {
        let env = vars.iter().fold(Env::of([("HOME", "/h")]), |env, (k, v)| env.with(k, *v));
        let roots = Cline.roots(&env).into_iter().map(|r| r.display().to_string());
        roots.filter(|r| !r.contains("globalStorage")).collect::<Vec<_>>()
    };
    assert_eq!(roots(&[]), ["/h/.cline/data"]);
    assert_eq!(roots(&[("CLINE_DIR", "/c")]), ["/c/data"]);
    assert_eq!(
        roots(&[("CLINE_DIR", "/c"), ("CLINE_DATA_DIR", "/d"), ("CLINE_SESSION_DATA_DIR", "/s")]),
        ["/d", "/s"]
    );
    let (_, _, home) = cases("cline").into_iter().find(|c| c.0.starts_with("real")).expect("the case");
    assert_eq!(Cline.find(&home.join(".cline/data/sessions")).expect("found").len(), 5);
}

#[test]
fn a_session_grows_message_by_message() {
    let (_, _, home) = cases("cline").into_iter().find(|c| c.0.starts_with("real")).expect("the case");
    let home = copy(&home);
    let session = sessions(&Cline, home.path()).into_iter().next().expect("a session");
    let path = &session.sources[0].path;
    let whole: Value = serde_json::from_str(&fs::read_to_string(path).expect("read")).expect("JSON");
    let mut tape = Tape::default();
    for n in 0..=8 {
        let mut part = whole.clone();
        part["messages"].as_array_mut().expect("messages").truncate(n);
        fs::write(path, part.to_string()).expect("written");
        tape.read(&Cline, &session);
        assert_eq!(tape.messages.len(), n);
    }
    assert!(tape.messages.iter().all(|m| m.replaces().is_none()));
    let mut part = whole.clone();
    part["messages"][7]["content"][0]["text"] = "Done!".into();
    part["messages"][7]["unheard"] = json!({"of": 1});
    fs::write(path, part.to_string()).expect("written");
    tape.read(&Cline, &session);
    let last = tape.messages.last().expect("a revision");
    assert_eq!((last.msg_id.as_str(), last.replaces()), ("msg_-lDsp_eE~2", Some("msg_-lDsp_eE")));
    assert_eq!(last.metadata["cline"]["unheard"]["of"], 1);
    assert_eq!(last.usage, None, "its tokens are counted");
}

/// A task with the given documents.
fn task(dir: &Path, talk: Option<&str>, screen: &str) -> Session {
    let task = dir.join("tasks/1767225600000");
    fs::create_dir_all(&task).expect("made");
    if let Some(talk) = talk {
        fs::write(task.join("api_conversation_history.json"), talk).expect("written");
    }
    fs::write(task.join("ui_messages.json"), screen).expect("written");
    Cline.find(dir).expect("found").into_iter().find(|s| s.native_id == "1767225600000").expect("a task")
}

#[test]
fn what_only_the_screen_has_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let talk = json!([
        {"role": "user", "content": "<task>go</task>"},
        {"role": "assistant", "content": "asks"},
        {"role": "user", "content": [{"type": "text", "text": "<feedback>in both</feedback>"}]},
        {"role": "alien", "content": "x", "k": 1},
    ]);
    let row = |ts: u64, say: &str, text: &str| json!({"ts": 1_767_225_600_000 + ts, "type": "say", "say": say, "text": text});
    let request = "{\"tokensIn\": 5, \"tokensOut\": 7, \"cost\": 0.5}";
    let screen = json!([
        row(0, "task", "go"),
        row(1, "api_req_started", request),
        row(2, "text", "asks"),
        row(3, "user_feedback", "in both"),
        row(4, "user_feedback", "only shown"),
        row(5, "api_req_started", request),
        row(6, "user_feedback", "not sent yet"),
    ]);
    let session = task(dir.path(), Some(&talk.to_string()), &screen.to_string());
    let mut tape = Tape::default();
    tape.read(&Cline, &session);
    assert_eq!(tape.prompts(), ["go", "in both", "only shown"]);
    assert_eq!(tape.progress.head.metadata["unknown_lines"], 1);
    assert_eq!(
        tape.messages[3].content[0],
        Block::Other(
            json!({"type": "x-content", "role": "alien", "content": "x", "k": 1})
                .as_object()
                .expect("an object")
                .clone()
        )
    );
    assert_eq!((tape.usage().input, tape.usage().output), (10, 14), "the second request has no answer");
    assert_eq!(tape.progress.head.cost_usd, Some(1.0));
    let alone = tempfile::tempdir().expect("a folder");
    let screen = json!([
        row(0, "text", "fix it"), row(1, "reasoning", "hm"), row(2, "text", "I will"),
        {"ts": 1_767_225_600_003_u64, "type": "ask", "ask": "command", "text": "ls"},
        row(4, "command_output", "a.py"), {"ts": 1_767_225_600_005_u64, "type": "ask", "ask": "followup", "text": "{\"question\": \"Sure?\"}"},
        row(6, "user_feedback", "yes"), row(7, "completion_result", "Done"),
    ]);
    let session = task(alone.path(), None, &screen.to_string());
    let mut tape = Tape::default();
    tape.read(&Cline, &session);
    assert_eq!(tape.prompts(), ["fix it", "yes"]);
    assert_eq!(tape.answers(), ["", "I will", "", "Sure?", "Done"]);
    assert_eq!(tape.calls(), [("s3".into(), "command".into(), json!({"command": "ls"}))]);
    assert_eq!(tape.results()["s3"].0, "a.py");
}

proptest! {
    #[test]
    fn any_documents_are_no_harm(talks in prop::collection::vec((some_talk(), some_talk()), 1..4)) {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut of_task, mut of_session) = (Tape::default(), Tape::default());
        let folder = dir.path().join("sessions/1_a");
        fs::create_dir_all(&folder).expect("made");
        for (talk, screen) in &talks {
            let session = task(dir.path(), Some(&talk.to_string()), &screen.to_string());
            of_task.progress.cursors.clear();
            of_task.read(&Cline, &session);
            fs::write(folder.join("1_a.messages.json"), json!({"messages": talk}).to_string()).expect("written");
            fs::write(folder.join("agent.messages.json"), json!({"messages": screen}).to_string()).expect("written");
            fs::write(folder.join("1_a.json"), screen.to_string()).expect("written");
            let session = Cline.find(dir.path()).expect("found").into_iter().find(|s| s.native_id == "1_a").expect("it");
            of_session.progress.cursors.clear();
            of_session.read(&Cline, &session);
        }
        for (tape, id) in [(&mut of_task, "1767225600000"), (&mut of_session, "1_a")] {
            let count = tape.messages.len();
            tape.progress.cursors.clear();
            let all = Cline.find(dir.path()).expect("found");
            tape.read(&Cline, all.iter().find(|s| s.native_id == id).expect("it"));
            prop_assert_eq!(tape.messages.len(), count);
        }
    }

    #[test]
    fn any_bytes_are_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join(".cline/data");
        for name in ["tasks/1/api_conversation_history.json", "tasks/1/ui_messages.json", "tasks/1/history_item.json", "tasks/_index.json", "sessions/s/s.messages.json", "sessions/s/s.json"] {
            let path = data.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, &bytes).expect("written");
        }
        capture(&Cline, dir.path());
    }
}

fn some_talk() -> impl Strategy<Value = Value> {
    const KEYS: &[&str] = &[
        "role",
        "content",
        "type",
        "text",
        "id",
        "name",
        "input",
        "tool_use_id",
        "is_error",
        "ts",
        "say",
        "ask",
        "metrics",
        "modelInfo",
        "isSummary",
        "images",
        "result",
        "success",
        "thinking",
        "source",
    ];
    const WORDS: &[&str] = &[
        "user",
        "assistant",
        "text",
        "tool_use",
        "tool_result",
        "thinking",
        "reasoning",
        "api_req_started",
        "user_feedback",
        "<task>x</task>",
        "<read_file>\n<path>a</path>\n</read_file>",
        "[read_file for 'a'] Result:",
    ];
    prop::collection::vec(any_json(KEYS, WORDS), 0..8).prop_map(Value::Array)
}
