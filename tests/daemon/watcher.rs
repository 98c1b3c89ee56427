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

/// A database with a table that no version so far has had.
fn tables(path: &std::path::Path, sql: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    rusqlite::Connection::open(path).expect("opened").execute_batch(sql).expect("made");
}

/// For every tool a store as a later version may write it.
#[test]
fn a_store_of_a_later_generation_is_told_for_every_tool() {
    const LATER: &str = "create table talks_v9(id text, said blob); insert into talks_v9 values ('a', 'b');";
    let files = [
        ("claude-code", ".claude/projects/-p/talk.v9.cbor"),
        ("codex", ".codex/sessions/2027/01/02/thread-9.pb"),
        ("gemini", ".gemini/tmp/birds/chats/talk-9.json2"),
        ("copilot", ".copilot/session-state/9/talk.v9.bin"),
        ("cursor", ".cursor/chats/9/talk.v9"),
        ("amp", ".local/share/amp/threads/T9.cbor"),
        ("cline", ".cline/data/sessions/9/talk.v9.json"),
        ("roo-code", ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks/9/talk.v9.json"),
        ("kilo-code", ".config/Code/User/globalStorage/kilocode.kilo-code/tasks/9/talk.v9.json"),
        ("opencode", ".local/share/opencode/storage/session/9/talk.v9"),
    ];
    let databases = [
        ("cursor", ".config/Cursor/User/globalStorage/state.vscdb"),
        ("kilo-code", ".local/share/kilo/kilo.db"),
        ("opencode", ".local/share/opencode/opencode.db"),
    ];
    for (tool, path, database) in
        files.map(|(t, p)| (t, p, false)).into_iter().chain(databases.map(|(t, p)| (t, p, true)))
    {
        let sandbox = Sandbox::new();
        let path = sandbox.home().join(path);
        if database {
            tables(&path, LATER);
        } else {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, "{\"generation\":9}\n").expect("written");
        }
        // Before and after a capture, which says it too if a database is the matter.
        for _ in 0..2 {
            let told = row(&sandbox, tool);
            assert_eq!(
                (&told["found"], &told["health"]),
                (&true.into(), &"unknown generation".into()),
                "{told}"
            );
            let file = path.file_name().expect("a name").to_string_lossy();
            assert!(told["detail"].as_str().is_some_and(|detail| detail.contains(&*file)), "{told}");
            let said = sandbox.sf(&["capture"]);
            assert_eq!(said.status, 0, "{said:?}");
            assert_eq!(said.stderr.contains(&*file), database, "{said:?}");
        }
        let checks = sandbox.sf(&["doctor", "--json"]).json();
        let checks = if checks["checks"].is_array() { checks } else { checks["result"].clone() };
        let tools =
            checks["checks"].as_array().expect("checks").iter().find(|c| c["name"] == "tools").cloned();
        let tools = tools.expect("a check");
        assert_eq!(tools["status"], "warn", "{tools}");
        assert!(tools["detail"].as_str().is_some_and(|detail| detail.starts_with(tool)), "{tools}");
    }
}

#[test]
fn a_tool_without_a_session_is_no_riddle() {
    let sandbox = Sandbox::new();
    for dir in
        [".claude/projects/-p", ".codex/sessions", ".copilot/session-state/1", ".local/share/amp/threads"]
    {
        std::fs::create_dir_all(sandbox.home().join(dir)).expect("made");
    }
    std::fs::write(sandbox.home().join(".copilot/session-state/1/workspace.yaml"), "id: 1\n")
        .expect("written");
    std::fs::write(sandbox.home().join(".claude/settings.json"), "{}").expect("written");
    for tool in ["claude-code", "codex", "copilot", "amp"] {
        assert_eq!(row(&sandbox, tool)["health"], "found, nothing captured", "{tool}");
    }
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
