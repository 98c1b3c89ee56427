//! Amp and Roo Code: which session belongs to which. And what no tool's reader may read.

use super::{home_of, rows};

#[test]
fn forks_and_delegated_tasks_name_their_origin() {
    for (tool, name, child, parent) in [
        (
            "amp",
            "local-thread-2026",
            "T-0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002",
            "T-0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001",
        ),
        (
            "roo-code",
            "parent-child-native-tools",
            "019a7d2e-9d22-7aaa-8bbb-000000000002",
            "019a7d2e-7c11-7aaa-8bbb-000000000001",
        ),
    ] {
        let sandbox = home_of(tool, name);
        let _ = sandbox.json(&["capture"]);
        let rows = rows(&sandbox);
        let id =
            |native: &str| rows.iter().find(|r| r["native_id"] == native).expect("the row")["id"].clone();
        let of = rows.iter().find(|r| r["native_id"] == child).expect("the row");
        assert_eq!(of["parent"], id(parent), "{tool}");
    }
}

#[test]
fn what_a_tool_keeps_secret_stays_there() {
    let sandbox = home_of("amp", "old-thread-2025");
    for secret in [
        ".local/share/amp/secrets.json",
        ".local/share/amp/threads/secrets.json",
        ".cline/data/settings/providers.json",
        ".cline/data/secrets.json",
        ".gemini/oauth_creds.json",
        ".gemini/google_accounts.json",
        ".copilot/config.json",
        ".copilot/session-state/1/config.json",
    ] {
        let path = sandbox.home().join(secret);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, "{\"token\": \"hush-hush\", \"id\": \"T-1\", \"messages\": []}")
            .expect("written");
    }
    let _ = sandbox.json(&["capture"]);
    let found = sandbox.sh("grep -rl hush-hush \"$SF_HOME\" || true");
    assert_eq!(found.trim(), "");
    assert_eq!(rows(&sandbox).len(), 1);
}
