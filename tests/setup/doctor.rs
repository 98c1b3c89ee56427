//! `doctor`

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::talk;
use crate::support::{Said, Sandbox};

fn check(value: &Value, name: &str) -> Value {
    let checks = value["checks"].as_array().unwrap_or_else(|| panic!("no checks: {value}"));
    checks.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("no {name}: {value}")).clone()
}

fn look(sandbox: &Sandbox, name: &str, words: &[&str]) -> (Said, Value) {
    let said = sandbox.sf(&[&["doctor", "--json"], words].concat());
    let value = said.json();
    let result = if value["checks"].is_array() { value } else { value["result"].clone() };
    (said, check(&result, name))
}

#[test]
fn a_healthy_home_has_nothing_to_mend() {
    let sandbox = Sandbox::new();
    talk(&sandbox, "herons");
    let _ = sandbox.json(&["capture"]);
    let told = sandbox.json(&["doctor"]);
    for one in told["checks"].as_array().expect("checks") {
        assert_ne!(one["status"], "fail", "{one}");
        assert_eq!(one["fixed"], false, "{one}");
        assert!(one["detail"].as_str().is_some_and(|d| !d.is_empty()), "{one}");
    }
    for name in
        ["home", "database", "index", "transcripts", "holders", "daemon", "files", "tools", "git", "clock"]
    {
        assert_eq!(check(&told, name)["status"], "ok", "{told}");
    }
}

#[test]
fn a_home_without_anything_in_it_is_healthy() {
    let sandbox = Sandbox::new();
    let (said, database) = look(&sandbox, "database", &[]);
    assert_eq!((said.status, &database["status"]), (0, &"ok".into()), "{said:?}");
}

#[test]
fn what_is_open_to_others_is_closed() {
    let sandbox = Sandbox::new();
    let _ = sandbox.json(&["capture"]);
    let database = sandbox.sf_home().join("state.db");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).expect("set");
    let (said, home) = look(&sandbox, "home", &[]);
    assert_eq!((said.status, &home["status"]), (1, &"fail".into()));
    assert_eq!(said.json()["error"]["code"], "partial");
    let (said, home) = look(&sandbox, "home", &["--fix"]);
    assert_eq!((said.status, &home["fixed"]), (0, &true.into()));
    assert_eq!(fs::metadata(&database).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(look(&sandbox, "home", &[]).1["fixed"], false);
}

#[test]
fn an_index_that_is_damaged_or_behind_is_mended() {
    let sandbox = Sandbox::new();
    talk(&sandbox, "herons");
    let _ = sandbox.json(&["capture"]);
    let index = sandbox.sf_home().join("index.db");
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.sf_home().join(format!("index.db{end}")));
    }
    fs::write(&index, "no database at all ".repeat(400)).expect("written");
    let (said, found) = look(&sandbox, "index", &[]);
    assert_eq!((said.status, &found["status"]), (0, &"warn".into()), "{found}");
    let (_, found) = look(&sandbox, "index", &["--fix"]);
    assert_eq!((&found["status"], &found["fixed"]), (&"ok".into(), &true.into()), "{found}");
    assert_eq!(sandbox.json(&["search", "herons"])["total"], 1);
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.sf_home().join(format!("index.db{end}")));
    }
    let (_, found) = look(&sandbox, "index", &["--fix"]);
    assert_eq!(found["fixed"], true, "{found}");
}

#[test]
fn a_damaged_database_fails_and_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    let _ = sandbox.json(&["capture"]);
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.sf_home().join(format!("state.db{end}")));
    }
    let path = sandbox.sf_home().join("state.db");
    let junk = "no database at all ".repeat(400);
    fs::write(&path, &junk).expect("written");
    let (said, found) = look(&sandbox, "database", &["--fix"]);
    assert_eq!((said.status, &found["status"]), (1, &"fail".into()), "{found}");
    assert_eq!(fs::read_to_string(&path).expect("there"), junk);
    fs::remove_file(&path).expect("removed");
}

#[test]
fn traces_of_sessions_without_a_holder_are_removed() {
    let sandbox = Sandbox::new();
    let live = sandbox.json(&["session", "start", "--", "sleep", "600"]);
    let id = live["id"].as_str().expect("an id").to_owned();
    let file = sandbox.sf_home().join(format!("run/{id}.json"));
    let record: Value = serde_json::from_slice(&fs::read(&file).expect("a record")).expect("JSON");
    assert_eq!(look(&sandbox, "holders", &["--fix"]).1["fixed"], false);
    assert!(file.exists());
    sandbox.sh(&format!("kill -9 {} {}", record["holder"], record["pid"]));
    crate::support::wait_for("the loss to be seen", || {
        (look(&sandbox, "holders", &[]).1["status"] == "warn").then_some(())
    });
    assert_eq!(look(&sandbox, "holders", &["--fix"]).1["fixed"], true);
    assert!(!file.exists() && !file.with_extension("sock").exists());
}

#[test]
fn bad_values_and_stores_that_are_not_understood_are_told() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.sf_home().join("theme.toml"), "nonsense = [").expect("written");
    assert_eq!(look(&sandbox, "files", &[]).1["status"], "warn");
    talk(&sandbox, "herons");
    let (_, tools) = look(&sandbox, "tools", &[]);
    assert_eq!(tools["status"], "warn", "{tools}");
    let _ = sandbox.json(&["capture"]);
    assert_eq!(look(&sandbox, "tools", &[]).1["status"], "ok");
    fs::write(sandbox.sf_home().join("config.toml"), "[ssh]\nconfig_file = \"/nowhere/config\"\n")
        .expect("written");
    let (said, ssh) = look(&sandbox, "ssh", &[]);
    assert_eq!((said.status, &ssh["status"]), (1, &"fail".into()), "{ssh}");
}
