//! `list` and `show` by the real program.

use serde_json::Value;

use super::{home_of, rows};
use crate::support::Sandbox;

#[test]
fn a_row_has_every_field_and_null_for_the_unknown() {
    let sandbox = home_of("codex", "cli-0.27");
    let _ = sandbox.json(&["capture"]);
    let row = rows(&sandbox)[0].clone();
    let fields = [
        "id",
        "tool",
        "native_id",
        "title",
        "alias",
        "host",
        "workdir",
        "branch",
        "model",
        "messages",
        "tool_calls",
        "tokens_in",
        "tokens_out",
        "tokens_cache_read",
        "tokens_cache_write",
        "cost_usd",
        "created",
        "updated",
        "live",
        "parent",
        "feature",
    ];
    for field in fields {
        assert!(row.get(field).is_some(), "{field} is missing in {row}");
    }
    assert_eq!(row["workdir"], "/home/dev/code/demo", "only the prompt's context tells it");
    assert_eq!((&row["model"], &row["cost_usd"], &row["live"]), (&Value::Null, &Value::Null, &false.into()));
}

#[test]
fn messages_can_be_had_whole_by_page_by_role_and_around_one() {
    let sandbox = home_of("codex", "resumed");
    let _ = sandbox.json(&["capture"]);
    let head = sandbox.json(&["show", "@last"]);
    let count = head["messages"].as_u64().expect("a count");
    assert_eq!(head["message_count"], count);
    let all =
        sandbox.json(&["show", "@last", "--messages"])["messages"].as_array().expect("messages").clone();
    assert_eq!(all.len() as u64, count);
    assert!(all.iter().zip(1..).all(|(m, seq): (_, u64)| m["seq"] == seq));
    let some = |args: &[&str]| {
        let shown = sandbox.json(&[&["show", "@last"], args].concat());
        shown["messages"].as_array().expect("messages").clone()
    };
    assert_eq!(some(&["--page", "1"]), all);
    assert_eq!(some(&["--page", "2"]), Vec::<Value>::new());
    let users = some(&["--role", "user"]);
    assert!(!users.is_empty() && users.iter().all(|m| m["role"] == "user"));
    assert_eq!(some(&["--role", "user", "--page", "1"]), users);
    assert_eq!(some(&["--around", "1"]), all[..11.min(all.len())]);
    assert_eq!(some(&["--around", all[0]["msg_id"].as_str().expect("an id")]), all[..11.min(all.len())]);
    assert_eq!(some(&["--seq", "2-4"]), all[1..4]);
    let said = sandbox.sf(&["show", "@last", "--around", "9999", "--json"]);
    assert_eq!(said.json()["error"]["code"], "not_found");
}

#[test]
fn a_process_that_is_gone_is_not_live() {
    let sandbox = home_of("claude-code", "killed-midturn");
    let _ = sandbox.json(&["capture"]);
    assert_eq!(rows(&sandbox)[0]["live"], false, "its register file was left behind");
}

#[test]
fn a_process_that_runs_is_live() {
    let sandbox = home_of("claude-code", "qa-simple");
    let _ = sandbox.json(&["capture"]);
    let me = std::process::id();
    let stat = std::fs::read_to_string(format!("/proc/{me}/stat")).expect("Linux");
    let start =
        stat.rsplit_once(')').expect("a name").1.split_whitespace().nth(19).expect("a field").to_owned();
    let card = serde_json::json!({"pid": me, "procStart": start, "sessionId": "c7c0ae1a-9655-4e19-ab5e-16af54f7ad15"});
    let dir = sandbox.home().join(".claude/sessions");
    std::fs::create_dir_all(&dir).expect("made");
    std::fs::write(dir.join(format!("{me}.json")), card.to_string()).expect("written");
    assert_eq!(rows(&sandbox)[0]["live"], true);
}

#[test]
fn a_text_is_found_with_the_numbers_of_its_messages() {
    let sandbox = home_of("codex", "resumed");
    let _ = sandbox.json(&["capture"]);
    let all =
        sandbox.json(&["show", "@last", "--messages"])["messages"].as_array().expect("messages").clone();
    let found =
        sandbox.json(&["show", "@last", "--find", "readme"])["found"].as_array().expect("found").clone();
    let has = |m: &Value| m["blocks"].to_string().to_lowercase().contains("readme");
    let wanted: Vec<&Value> = all.iter().filter(|m| has(m)).map(|m| &m["seq"]).collect();
    assert!(!wanted.is_empty());
    assert_eq!(found.iter().map(|f| &f["seq"]).collect::<Vec<_>>(), wanted);
    assert!(found.iter().all(|f| f["count"].as_u64() > Some(0) && f["place"] == f["seq"]));
    let none = sandbox.json(&["show", "@last", "--find", "rEADME"]);
    assert_eq!(none["found"], serde_json::json!([]), "capitals count");
}

#[test]
fn a_message_that_was_written_again_is_shown_once_and_its_calls_are_counted_once() {
    let sandbox = Sandbox::new();
    let path = sandbox.home().join(".gemini/tmp/p/chats/session-1.jsonl");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let call = r#"{"id":"c","name":"read_file","args":{"file_path":"f"},"result":[{"functionResponse":{"id":"c","response":{"output":"out"}}}],"status":"success"}"#;
    let mut text = format!(
        "{{\"sessionId\":\"s\",\"projectHash\":\"h\"}}\n{{\"id\":\"p\",\"type\":\"user\",\"content\":\"Read it\"}}\n{{\"id\":\"a\",\"type\":\"gemini\",\"content\":\"first\",\"toolCalls\":[{call}]}}\n"
    );
    std::fs::write(&path, &text).expect("written");
    let _ = sandbox.json(&["capture"]);
    let before = rows(&sandbox)[0].clone();
    text.push_str(&format!(
        "{{\"id\":\"a\",\"type\":\"gemini\",\"content\":\"second\",\"toolCalls\":[{call}]}}\n"
    ));
    std::fs::write(&path, &text).expect("written");
    let _ = sandbox.json(&["capture"]);
    let after = rows(&sandbox)[0].clone();
    assert_eq!((&before["tool_calls"], &after["tool_calls"]), (&1.into(), &1.into()));
    let texts = |args: &[&str]| {
        let shown = sandbox.json(&[&["show", "@last", "--messages"], args].concat());
        let messages = shown["messages"].as_array().expect("messages").clone();
        let text = |m: &Value| m["blocks"][0]["text"].as_str().map(str::to_owned);
        messages.iter().filter_map(text).collect::<Vec<String>>()
    };
    assert_eq!(texts(&[]), ["Read it", "second"]);
    assert_eq!(texts(&["--revisions"]), ["Read it", "first", "second"]);
    let last = after["messages"].to_string();
    assert_eq!(texts(&["--around", &last]), ["Read it", "second"], "it stands where it stood");
    let found = sandbox.json(&["show", "@last", "--find", "first"]);
    assert_eq!(found["found"], serde_json::json!([]));
    let found = sandbox.json(&["show", "@last", "--find", "second"]);
    assert_eq!((&found["found"][0]["place"], &found["found"][0]["seq"]), (&2.into(), &after["messages"]));
}
