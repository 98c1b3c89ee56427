//! `init`

use std::fs;

use serde_json::Value;

use super::talk;
use crate::support::Sandbox;

#[test]
fn it_finds_what_is_there_and_changes_nothing_the_second_time() {
    let sandbox = Sandbox::new();
    talk(&sandbox, "herons");
    fs::create_dir(sandbox.home().join(".ssh")).expect("made");
    fs::write(sandbox.home().join(".ssh/config"), "Host gpu-01\n  User me\nHost *\n").expect("written");
    let asked = sandbox.sf(&["init", "--json"]);
    assert_eq!((asked.status, &asked.json()["error"]["code"]), (4, &"needs_consent".into()));
    let first = sandbox.json(&["init", "--yes"]);
    assert_eq!(first["home"], sandbox.sf_home().to_string_lossy().as_ref());
    let claude = first["tools"].as_array().expect("tools").iter().find(|t| t["tool"] == "claude-code");
    let claude = claude.expect("a row");
    assert_eq!((&claude["found"], &claude["sessions"]), (&true.into(), &1.into()));
    let codex = first["tools"].as_array().expect("tools").iter().find(|t| t["tool"] == "codex");
    assert_eq!(codex.expect("a row")["found"], false);
    assert_eq!((&first["captured"], &first["changed"]), (&1.into(), &true.into()));
    let hosts = first["hosts"].as_array().expect("hosts");
    assert_eq!((hosts.len(), &hosts[0]["name"], &hosts[0]["added"]), (1, &"gpu-01".into(), &false.into()));
    assert_eq!(sandbox.json(&["search", "herons"])["total"], 1);
    let second = sandbox.json(&["init", "--yes"]);
    assert_eq!((&second["captured"], &second["changed"]), (&0.into(), &false.into()));
    assert_eq!(second["tools"], first["tools"]);
}

#[test]
fn a_dry_run_makes_nothing() {
    let sandbox = Sandbox::new();
    talk(&sandbox, "herons");
    let told = sandbox.json(&["init", "--dry-run"]);
    assert_eq!(told["tools"].as_array().map(|t| t.iter().any(|t| t["found"] == true)), Some(true));
    assert!(!sandbox.sf_home().join("sessions").exists());
    assert_eq!(told["captured"], Value::from(0));
}
