//! `host …` and `bootstrap`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::World;
use crate::support::Sandbox;
use crate::support::sshd::Sshd;

fn row<'a>(rows: &'a Value, key: &str, name: &str) -> &'a Value {
    let rows = rows.as_array().expect("an array");
    rows.iter().find(|row| row[key] == name).unwrap_or_else(|| panic!("no row {name} in {rows:?}"))
}

#[test]
fn a_host_is_added_looked_at_and_measured() {
    let world = World::new();
    let sshd = world.net.host("a");
    fs::create_dir_all(sshd.home.join("work/features/pay/core")).expect("made");
    fs::write(sshd.home.join("work/features/pay/core/.git"), "gitdir: x").expect("written");
    fs::create_dir_all(sshd.home.join("work/repo-cache/core.anchor")).expect("made");
    let added = world.place.json(&["host", "add", "gpu", "a", "--root", "~/work"]);
    assert_eq!(
        (&added["host"], &added["reachable"], &added["os"]),
        (&json!("gpu"), &json!(true), &json!("Linux"))
    );
    assert_eq!(added["discovered"], json!({ "repos": ["core"], "features": ["pay"] }));
    login_tool(&sshd, "claude", "echo \"$HOME\" >\"$0.home\"; echo '2.1.0 (Claude Code)'");
    let rows = world.place.json(&["host", "check"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "this machine, too");
    let gpu = row(&rows, "name", "gpu");
    assert_eq!((&gpu["state"], &gpu["agent"], &gpu["live"]), (&json!("up"), &Value::Null, &Value::Null));
    assert!(gpu["rtt_ms"].as_f64().expect("measured") > 0.0);
    assert!(gpu["cpus"].as_u64().expect("counted") > 0 && gpu["disk_free_bytes"].as_u64().is_some());
    let used = gpu["mem_used_pct"].as_f64().expect("measured");
    assert!(used > 0.0 && used < 100.0, "{used}");
    assert!(gpu["git"].as_str().expect("there").starts_with('2'));
    assert!(gpu["tools"].as_array().expect("a list").contains(&json!("claude-code")), "{gpu}");
    assert_eq!(gpu["tool_versions"]["claude-code"], "2.1.0", "{gpu}");
    let asked_in = fs::read_to_string(sshd.home.join("tools/claude.home")).expect("asked");
    assert_ne!(asked_in.trim(), sshd.home.display().to_string(), "its own home is left alone");
    // Every form that ssh takes.
    let added = world.place.json(&["host", "add", "uri", "ssh://root@a"]);
    assert_eq!(added["reachable"], json!(true));
    // Lists ask nobody and say the same.
    drop(sshd);
    assert_eq!(row(&world.place.json(&["host", "list"]), "name", "gpu"), gpu);
    assert_eq!(world.place.json(&["host", "show", "gpu"])["cpus"], gpu["cpus"]);
}

/// A tool that only a login shell finds, whose profile also talks.
fn login_tool(sshd: &Sshd, name: &str, script: &str) {
    let bin = sshd.home.join("tools");
    fs::create_dir_all(&bin).expect("made");
    fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).expect("written");
    fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("ours");
    let profile = format!("PATH=\"{}:$PATH\"\necho noise\n", bin.display());
    fs::write(sshd.home.join(".profile"), profile).expect("written");
}

#[test]
fn sessions_on_a_host_find_what_a_login_finds() {
    let world = World::new();
    let sshd = world.net.host("a");
    login_tool(&sshd, "mytool", "echo found me; exit 7");
    assert_eq!(world.place.sf(&["host", "add", "a", "a"]).status, 0);
    let _ = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    let started = world.place.json(&["session", "start", "--host", "a", "--", "mytool"]);
    let id = started["id"].as_str().expect("an id");
    let _ = world.place.json(&["session", "wait", id, "--for", "exit", "--timeout", "20s"]);
    assert_eq!(world.place.json(&["session", "show", id])["exit_code"], json!(7));
    assert_eq!(world.place.json(&["host", "check", "a"])[0]["live"], json!(0), "counted by its agent");
}

#[test]
fn dead_hosts_are_rows_and_hold_up_nobody() {
    let world = World::new();
    let _sshd = world.net.host("live");
    world.net.closed("closed");
    let _listener = world.net.silent("silent");
    for name in ["live", "closed", "silent"] {
        let said = world.place.sf(&["host", "add", name, name, "--json"]);
        assert_eq!(said.status, 0, "a host that is down is added all the same: {said:?}");
        assert_eq!(said.json()["reachable"], json!(name == "live"));
    }
    let said = world.place.sf(&["host", "check", "--json"]);
    assert_eq!(said.status, 3, "{said:?}");
    let answer = said.json();
    assert_eq!(answer["error"]["code"], "unreachable");
    let rows = &answer["result"];
    assert_eq!(row(rows, "name", "live")["state"], "up");
    for name in ["closed", "silent"] {
        let row = row(rows, "name", name);
        assert_eq!(row["state"], "down");
        assert!(row["error"].as_str().expect("a reason").contains(name), "{row}");
    }
    // The deadline is each host's own.
    let said = world.place.sf(&["host", "check", "live", "silent", "--timeout", "300ms", "--json"]);
    assert_eq!(said.status, 3);
    assert!(said.json()["result"][1]["error"].as_str().expect("a reason").contains("300 ms"), "{said:?}");
}

#[test]
fn bad_hosts_are_refused() {
    let place = Sandbox::new();
    for bad in [
        ["host", "add", "x", "-oProxyCommand=touch pwned"],
        ["host", "add", "x", "a b"],
        ["host", "add", "x", ""],
        ["host", "add", "local", "a"],
        ["host", "add", "all", "a"],
        ["host", "add", "../x", "a"],
    ] {
        assert_eq!(place.sf(&bad).status, 2, "{bad:?}");
    }
    assert_eq!(place.sf(&["host", "remove", "local", "--yes"]).status, 2);
    assert_eq!(place.sf(&["host", "show", "nowhere"]).status, 1);
    assert_eq!(place.sf(&["host", "check", "nowhere"]).status, 1);
}

#[test]
fn adding_again_is_fine_and_otherwise_a_conflict() {
    let world = World::new();
    world.net.closed("a");
    world.net.closed("b");
    for _ in 0..2 {
        assert_eq!(world.place.sf(&["host", "add", "x", "a"]).status, 0);
    }
    assert_eq!(world.place.sf(&["host", "add", "x", "b"]).status, 4);
    assert_eq!(world.place.sf(&["host", "remove", "x"]).status, 4, "it asks, and nobody is there");
    assert_eq!(world.place.sf(&["host", "remove", "x", "--yes"]).status, 0);
    assert_eq!(world.place.json(&["host", "list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn a_missing_extra_configuration_is_named() {
    let place = Sandbox::new();
    let _ = place.json(&["config", "set", "ssh.config_file", "/nonexistent/config"]);
    let said = place.sf(&["host", "add", "x", "a", "--json"]);
    assert!(said.stderr.contains("/nonexistent/config"), "{said:?}");
}

#[test]
fn bootstrap_puts_this_program_there_once() {
    let world = World::new();
    let sshd = world.net.host("a");
    assert_eq!(world.place.sf(&["host", "add", "a", "a"]).status, 0);
    let said = world.place.sf(&["bootstrap", "--hosts", "a", "--json"]);
    assert_eq!(said.json()["error"]["code"], "needs_consent");
    let done = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    let first = row(&done, "host", "a");
    assert_eq!((&first["ok"], &first["uploaded"]), (&json!(true), &json!(true)), "{first}");
    assert_eq!(first["agent"], env!("CARGO_PKG_VERSION"));
    let current = fs::read_to_string(sshd.home.join("sf/bin/current")).expect("written");
    let sum = current.split(' ').next().expect("a checksum");
    let program = sshd.home.join("sf/bin").join(sum).join("sf");
    let (there, here) =
        (fs::read(&program).expect("there"), fs::read(env!("CARGO_BIN_EXE_sf")).expect("here"));
    assert!(there == here, "the very program");
    assert_eq!(fs::metadata(&program).expect("there").permissions().mode() & 0o777, 0o700);
    let files = fs::read_dir(program.parent().expect("a folder")).expect("there").count();
    assert_eq!(files, 1, "nothing is left beside it");
    let again = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    assert_eq!(row(&again, "host", "a")["uploaded"], json!(false));
    // A damaged pointer is mended without sending anything.
    fs::remove_file(sshd.home.join("sf/bin/current")).expect("removed");
    let mended = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    assert_eq!((&mended[0]["ok"], &mended[0]["uploaded"]), (&json!(true), &json!(false)));
    assert!(program.exists());
    // Versions that nobody runs are collected when another comes; one that a session runs on stays.
    let bin = sshd.home.join("sf/bin");
    for (name, program) in [("aaaa01", "/bin/true"), ("aaaa02", "/bin/sleep")] {
        fs::create_dir_all(bin.join(name)).expect("made");
        fs::copy(program, bin.join(name).join("sf")).expect("copied");
    }
    let mut holder =
        session_forge::sys::proc::blocking_command(bin.join("aaaa02/sf")).arg("600").spawn().expect("runs");
    fs::remove_file(bin.join("current")).expect("removed");
    let _ = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    assert!(!bin.join("aaaa01").exists() && bin.join("aaaa02/sf").exists() && program.exists());
    holder.kill().expect("ours");
    holder.wait().expect("ended");
    fs::remove_file(bin.join("current")).expect("removed");
    let _ = world.place.json(&["bootstrap", "--hosts", "a", "--yes"]);
    assert!(!bin.join("aaaa02").exists());
    // The agent answers: its sessions can be counted.
    let rows = world.place.json(&["host", "check", "a"]);
    assert_eq!(rows[0]["agent"], env!("CARGO_PKG_VERSION"));
}
