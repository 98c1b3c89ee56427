use serde_json::json;

use super::*;

fn home() -> (tempfile::TempDir, Env) {
    let dir = tempfile::tempdir().expect("a folder");
    let env = Env::of([("HOME", dir.path())]);
    (dir, env)
}

fn files(changes: &[Change]) -> Vec<&std::path::Path> {
    changes
        .iter()
        .map(|change| match change {
            Change::Entries { file, .. } | Change::Whole { file, .. } => file.as_path(),
        })
        .collect()
}

#[test]
fn what_was_there_stays_and_comes_back() {
    let (dir, env) = home();
    let settings = dir.path().join(".claude/settings.json");
    std::fs::create_dir_all(settings.parent().expect("a folder")).expect("made");
    let own = "{\n  \"model\": \"opus\",\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [\n          {\n            \"type\": \"command\",\n            \"command\": \"say done\"\n          }\n        ]\n      }\n    ]\n  },\n  \"zeta\": 1\n}\n";
    std::fs::write(&settings, own).expect("written");
    let changes = changes(ToolId::ClaudeCode, &env);
    for change in &changes {
        assert!(!there(change));
        assert_eq!(install(change).expect("installed"), Put::Changed);
        assert_eq!(install(change).expect("installed"), Put::Unchanged);
        assert!(there(change));
    }
    let value: Value = serde_json::from_slice(&std::fs::read(&settings).expect("read")).expect("JSON");
    assert_eq!(value["hooks"]["Stop"].as_array().map(Vec::len), Some(2));
    assert_eq!(value["hooks"]["Stop"][0]["hooks"][0]["command"], "say done");
    for change in &changes {
        assert_eq!(remove(change).expect("removed"), Put::Changed);
        assert_eq!(remove(change).expect("removed"), Put::Unchanged);
    }
    assert_eq!(std::fs::read_to_string(&settings).expect("read"), own);
}

#[test]
fn every_tool_gets_its_commands_and_loses_them_again() {
    for tool in ToolId::ALL {
        let (_dir, env) = home();
        let changes = changes(tool, &env);
        assert!(changes.len() >= 2, "{tool}");
        assert!(changes.iter().all(|change| install(change).expect("installed") == Put::Changed));
        assert!(files(&changes).iter().all(|file| file.is_file()), "{tool}");
        assert!(changes.iter().all(|change| remove(change).expect("removed") == Put::Changed));
        let left = files(&changes).into_iter().filter(|file| file.is_file());
        // A settings file that did not exist stays behind empty.
        assert!(
            left.into_iter().all(|file| std::fs::read_to_string(file).expect("read").trim() == "{}"),
            "{tool}"
        );
    }
}

#[test]
fn the_file_of_another_and_one_with_comments_are_left_alone() {
    let (dir, env) = home();
    let command = dir.path().join(".claude/commands/sf-pause.md");
    std::fs::create_dir_all(command.parent().expect("a folder")).expect("made");
    std::fs::write(&command, "mine").expect("written");
    std::fs::write(dir.path().join(".claude/settings.json"), "{ // mine\n}").expect("written");
    let refused = changes(ToolId::ClaudeCode, &env).iter().filter(|change| install(change).is_err()).count();
    assert_eq!(refused, 2);
    assert_eq!(std::fs::read_to_string(&command).expect("read"), "mine");
}

#[test]
fn events_are_understood() {
    for (tool, event, input, state) in [
        (
            ToolId::ClaudeCode,
            "",
            json!({"hook_event_name":"Stop","session_id":"a"}),
            Some(LiveState::Waiting),
        ),
        (ToolId::ClaudeCode, "", json!({"hook_event_name":"UserPromptSubmit"}), Some(LiveState::Working)),
        (
            ToolId::ClaudeCode,
            "",
            json!({"hook_event_name":"Notification","message":"Claude needs your permission to use Bash"}),
            Some(LiveState::Blocked),
        ),
        (
            ToolId::ClaudeCode,
            "",
            json!({"hook_event_name":"Notification","message":"Claude is waiting for your input"}),
            Some(LiveState::Waiting),
        ),
        (ToolId::ClaudeCode, "", json!({"hook_event_name":"SessionStart","session_id":"a"}), None),
        (ToolId::Codex, "", json!({"hook_event_name":"Stop"}), Some(LiveState::Waiting)),
        (ToolId::Gemini, "", json!({"hook_event_name":"BeforeAgent"}), Some(LiveState::Working)),
        (ToolId::Copilot, "agentStop", json!({"sessionId":"a"}), Some(LiveState::Waiting)),
        (ToolId::Opencode, "permission.asked", json!({"sessionID":"a"}), Some(LiveState::Blocked)),
        (ToolId::Opencode, "session.status", json!({"status":{"type":"busy"}}), Some(LiveState::Working)),
    ] {
        assert_eq!(heard(tool, event, &input).expect("understood").state, state, "{tool} {event} {input}");
    }
    assert_eq!(heard(ToolId::ClaudeCode, "", &json!({"odd": 1})), None);
    assert_eq!(heard(ToolId::Amp, "x", &json!({})), None);
}
