//! Which tools are captured, and how that goes.

use serde_json::Value;

use super::Talk;
use crate::support::Sandbox;

fn row(sandbox: &Sandbox, tool: &str) -> Value {
    let rows = sandbox.json(&["watcher", "list"]);
    rows.as_array().expect("rows").iter().find(|r| r["tool"] == tool).expect("a row").clone()
}

#[test]
fn the_health_of_a_tool_is_told() {
    let sandbox = Sandbox::new();
    let nothing = row(&sandbox, "claude-code");
    assert_eq!((&nothing["found"], &nothing["health"]), (&false.into(), &"not found".into()));
    let _ = Talk::begin(&sandbox, 1);
    let fresh = row(&sandbox, "claude-code");
    assert_eq!((&fresh["sessions"], &fresh["health"]), (&1.into(), &"found, nothing captured".into()));
    let _ = sandbox.json(&["capture"]);
    let well = row(&sandbox, "claude-code");
    assert_eq!((&well["captured"], &well["health"]), (&1.into(), &"ok".into()));
    assert_eq!(well["roots"][0], sandbox.home().join(".claude").to_string_lossy().as_ref());
}

#[test]
fn a_store_that_is_not_understood_is_told() {
    let sandbox = Sandbox::new();
    let dir = sandbox.home().join(".claude/projects/-p");
    std::fs::create_dir_all(&dir).expect("made");
    let line = "{\"generation\":9,\"talk\":[\"not as it was\"]}\n";
    std::fs::write(dir.join("11111111-2222-4333-8444-555555555555.jsonl"), line).expect("written");
    let _ = sandbox.json(&["capture"]);
    assert_eq!(row(&sandbox, "claude-code")["health"], "unknown generation");
}

#[test]
fn the_switch_is_kept_in_the_settings() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.sf_home().join("config.toml"), "# mine\njobs = 3\n").expect("written");
    let _ = Talk::begin(&sandbox, 1);
    let off = sandbox.json(&["watcher", "disable", "claude"]);
    assert_eq!((&off["enabled"], &off["changed"]), (&false.into(), &true.into()));
    assert_eq!(sandbox.json(&["watcher", "disable", "claude"])["changed"], false);
    let text = std::fs::read_to_string(sandbox.sf_home().join("config.toml")).expect("there");
    assert!(
        text.starts_with("# mine\njobs = 3\n") && text.contains("disabled = [\"claude-code\"]"),
        "{text}"
    );
    assert_eq!(row(&sandbox, "claude-code")["enabled"], false);
    assert_eq!(sandbox.json(&["capture"])["sessions_new"], 0);
    // By name it is captured all the same.
    assert_eq!(sandbox.json(&["capture", "--tool", "claude-code"])["sessions_new"], 1);
    assert_eq!(sandbox.json(&["watcher", "enable", "claude"])["enabled"], true);
    let _ = sandbox.sf(&["watcher", "enable", "nothing-of-that-name"]).status;
}
