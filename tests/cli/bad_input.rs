//! Bad input: each a clear error with its code and exit status, and nothing half done.

use crate::support::Sandbox;

/// Runs with `--json` and checks code and exit status.
fn refused(place: &Sandbox, args: &[&str], code: &str, status: i32) {
    let said = place.sf(&[&["--json"], args].concat());
    assert_eq!(said.status, status, "{args:?}: {said:?}");
    assert_eq!(said.json()["error"]["code"], code, "{args:?}: {said:?}");
    assert!(!said.stderr.contains("panicked"), "{args:?}: {said:?}");
}

#[test]
fn names_that_are_unknown() {
    let place = Sandbox::new();
    for args in [
        &["host", "show", "nope"][..],
        &["host", "check", "nope"],
        &["feature", "show", "nope"],
        &["sync", "nope"],
        &["attach", "nope", "core"],
        &["session", "show", "nope"],
        &["session", "send", "live_000000000000", "x"],
        &["show", "ses_0000000000000000"],
        &["worktree", "list", "nope"],
    ] {
        refused(&place, args, "not_found", 1);
    }
    refused(&place, &["capture", "--tool", "nope"], "usage", 2);
}

#[test]
fn names_that_are_no_names() {
    let place = Sandbox::new();
    for name in ["a/b", "..", "a b", "a\u{7}b", ".x", "x.lock", "", "all"] {
        refused(&place, &["host", "add", name, "user@example.org"], "usage", 2);
    }
    for name in ["a/b", "..", "a b", "a\u{1b}[31m", ".x", ""] {
        refused(&place, &["feature", "new", name], "usage", 2);
        refused(&place, &["repo", "add", name, "/srv/x.git"], "usage", 2);
    }
}

#[test]
fn targets_and_urls_that_could_be_options() {
    let place = Sandbox::new();
    refused(&place, &["host", "add", "x", "--", "-oProxyCommand=true"], "usage", 2);
    refused(&place, &["repo", "add", "x", "--", "--upload-pack=true"], "usage", 2);
    assert_eq!(place.json(&["host", "list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn the_same_name_with_other_values() {
    let place = Sandbox::new();
    let _ = place.json(&["repo", "add", "core", "/srv/core.git"]);
    let _ = place.json(&["repo", "add", "core", "/srv/core.git"]);
    refused(&place, &["repo", "add", "core", "/srv/other.git"], "conflict", 4);
    let _ = place.json(&["feature", "new", "payments"]);
    refused(&place, &["feature", "new", "payments", "--branch", "other"], "conflict", 4);
}

#[test]
fn broken_settings_cost_only_themselves() {
    let place = Sandbox::new();
    let file = place.sf_home().join("config.toml");
    std::fs::write(&file, "jobs = \"many\"\n[ui\n").expect("written");
    let said = place.sf(&["repo", "list"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stderr.contains("config.toml"), "{said:?}");
    refused(&place, &["config", "show"], "config", 1);
    std::fs::write(&file, "[ssh]\nconnect_timeout = \"soon\"\n").expect("written");
    assert_eq!(place.sf(&["repo", "list"]).status, 0);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let place = Sandbox::new();
    let _ = place.json(&["repo", "add", "core", "/srv/core.git"]);
    let db = place.sf_home().join("state.db");
    let connection = rusqlite::Connection::open(&db).expect("opened");
    connection.pragma_update(None, "user_version", 999).expect("set");
    drop(connection);
    let before = std::fs::read(&db).expect("there");
    refused(&place, &["repo", "list"], "unsupported", 1);
    assert_eq!(std::fs::read(&db).expect("there"), before);
}

#[test]
fn consent_is_asked_for_and_refused_without_a_terminal() {
    let place = Sandbox::new();
    let _ = place.sf(&["host", "add", "gone", "gone.invalid"]);
    refused(&place, &["host", "remove", "gone"], "needs_consent", 4);
    assert_eq!(place.sf(&["host", "remove", "gone", "--yes"]).status, 0);
}
