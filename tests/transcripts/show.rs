//! `list` and `show` by the real program.

use serde_json::Value;

use super::{home_of, rows};

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
    assert_eq!(row["workdir"], "/home/dev/work/demo", "only the prompt's context tells it");
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
