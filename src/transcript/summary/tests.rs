use serde_json::json;

use super::*;

fn summary(messages: serde_json::Value) -> Summary {
    let mut row = TranscriptRow::new(
        "ses_0123456789abcdef".parse().expect("an id"),
        ToolId::Codex,
        "n",
        &HostName::local(),
    );
    row.workdir = Some("/w".into());
    let mut summarizer = Summarizer::new(&row);
    for (n, mut message) in messages.as_array().expect("messages").iter().cloned().enumerate() {
        message["msg_id"] = n.to_string().into();
        message["timestamp"] = "2026-11-21T10:00:00.000Z".into();
        summarizer.message(&serde_json::from_value(message).expect("a message"));
    }
    summarizer.end()
}

fn call(id: &str, name: &str, input: serde_json::Value) -> serde_json::Value {
    json!({"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": id, "name": name, "input": input}]})
}

fn result(id: &str, content: &str, exit: i64) -> serde_json::Value {
    json!({"role": "tool", "content": [{"type": "tool_result", "tool_use_id": id, "content": content,
        "exit_code": exit, "is_error": exit != 0}]})
}

#[test]
fn the_vocabularies_of_tools_are_understood() {
    let patch =
        "*** Begin Patch\n*** Update File: src/a.rs\n@@\n-x\n+y\n*** Add File: b.md\n+z\n*** End Patch";
    let told = summary(json!([
        call("1", "Edit", json!({"file_path": "/w/src/a.rs", "old_string": "x", "new_string": "y"})),
        call("2", "apply_patch", json!({"input": patch})),
        call("3", "shell", json!({"command": ["bash", "-lc", format!("apply_patch <<'EOF'\n{patch}\nEOF")]})),
        call("4", "read_file", json!({"absolute_path": "/elsewhere/c"})),
        call("5", "str_replace_editor", json!({"command": "create", "path": "/w/d", "file_text": "run me"})),
        call("6", "Grep", json!({"pattern": "x", "path": "/w"})),
    ]));
    let files: Vec<(&str, u64, u64)> =
        told.files.iter().map(|f| (f.path.as_str(), f.written, f.read)).collect();
    assert_eq!(files, [("src/a.rs", 3, 0), ("b.md", 2, 0), ("d", 1, 0), ("/elsewhere/c", 0, 1)]);
    assert_eq!(told.commands, []);
}

#[test]
fn commands_tests_and_packages_have_their_outcome() {
    let told = summary(json!([
        {"role": "user", "content": [{"type": "text", "text": "make it\npass"}]},
        call("1", "exec_command", json!({"cmd": "cargo test"})),
        result("1", "test result: FAILED. 4 passed; 1 failed", 101),
        call("2", "Bash", json!({"command": "npm install left-pad"})),
        result("2", "ENOENT", 1),
        call("3", "shell", json!({"command": ["pip", "install", "requests"]})),
        result("3", "ok", 0),
        call("4", "exec_command", json!({"cmd": "cargo test"})),
        result("4", "test result: ok. 5 passed; 0 failed", 0),
        {"role": "assistant", "content": [{"type": "text", "text": "All green."}]},
    ]));
    assert_eq!(told.prompts, ["make it pass"]);
    assert_eq!(
        told.commands[0],
        Run { command: "cargo test".into(), times: 2, failed: 1, exit_code: Some(0) }
    );
    let verdicts: Vec<_> = told.tests.iter().map(|t| (t.verdict, t.passed, t.failed)).collect();
    assert_eq!(verdicts, [(Verdict::Failed, Some(4), Some(1)), (Verdict::Passed, Some(5), Some(0))]);
    assert_eq!(told.packages, [Package { by: "pip".into(), name: "requests".into() }]);
    assert_eq!(told.failures, 2);
    let outcome =
        Outcome { state: "answered", text: Some("All green.".into()), tests: Some(Verdict::Passed) };
    assert_eq!(told.outcome, outcome);
}

#[test]
fn a_call_without_a_result_leaves_it_open() {
    let told = summary(json!([call("1", "Bash", json!({"command": "sleep 9"}))]));
    assert_eq!((told.outcome.state, told.commands[0].exit_code), ("open", None));
    assert_eq!(summary(json!([])).outcome.state, "empty");
}
