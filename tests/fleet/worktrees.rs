//! Features over hosts: this machine and one behind a real sshd.

use std::fs;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};
use session_forge::sys::proc;

use super::World;
use crate::support::git::{Upstream, commit};
use crate::support::sshd::masters;

/// Every repository row of a report, as `host/repo`.
fn rows(report: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for host in report["features"][0]["hosts"].as_array().expect("hosts") {
        for repo in host["repos"].as_array().expect("repos") {
            let name = |v: &Value| v.as_str().expect("a name").to_owned();
            all.push((format!("{}/{}", name(&host["host"]), name(&repo["repo"])), repo));
        }
    }
    all
}

fn prepare(world: &World) -> [Upstream; 2] {
    let ups = ["core", "web"].map(|name| Upstream::new(&world.place.path().join("up"), name));
    for (name, up) in ["core", "web"].iter().zip(&ups) {
        let _ = world.place.json(&["repo", "add", name, &up.url(), "--base", "main"]);
    }
    let _ = world.place.json(&["host", "add", "far", "far"]);
    let _ = world.place.json(&["feature", "new", "pay"]);
    for repo in ["core", "web"] {
        let attached = world.place.json(&["attach", "pay", repo, "--hosts", "all"]);
        assert_eq!(attached["hosts"], json!(["far", "local"]));
    }
    ups
}

#[test]
fn two_repositories_on_two_hosts() {
    let world = World::new();
    let sshd = world.net.host("far");
    let [core, _web] = prepare(&world);
    let report = world.place.json(&["sync", "pay"]);
    let all = rows(&report);
    assert_eq!(all.len(), 4);
    for (name, row) in &all {
        assert_eq!(
            (&row["anchor"], &row["branch"], &row["worktree"]),
            (&json!("created"), &json!("created"), &json!("created")),
            "{name}"
        );
        assert_eq!(
            (&row["ahead"], &row["behind"], &row["dirty"]),
            (&json!(0), &json!(0), &json!(0)),
            "{name}"
        );
    }
    let (near, far) = (world.place.home().join("features/pay/core"), sshd.home.join("features/pay/core"));
    assert!(near.join("README").exists() && far.join("README").exists());
    let report = world.place.json(&["sync", "pay"]);
    for (name, row) in rows(&report) {
        assert_eq!(
            (&row["anchor"], &row["branch"], &row["worktree"]),
            (&json!("unchanged"), &json!("unchanged"), &json!("unchanged")),
            "{name}"
        );
    }
    // Work on the far host, and a base that goes on.
    commit(&far, "mine", "1");
    fs::write(far.join("draft"), "new").expect("written");
    core.push("theirs", "1", "main");
    let report = world.place.json(&["sync", "pay", "--hosts", "far"]);
    let all = rows(&report);
    let row = all.iter().find(|(name, _)| name == "far/core").expect("synced").1;
    assert_eq!(
        (&row["anchor"], &row["ahead"], &row["behind"], &row["dirty"]),
        (&json!("updated"), &json!(1), &json!(1), &json!(1))
    );
    assert!(far.join("draft").exists() && !far.join("theirs").exists());
    let list = world.place.json(&["worktree", "list", "pay"]);
    let row = list
        .as_array()
        .expect("rows")
        .iter()
        .find(|r| r["host"] == "far" && r["repo"] == "core")
        .expect("a row");
    assert_eq!(
        (&row["branch"], &row["ahead"], &row["last_commit"]),
        (&json!("feat/pay"), &json!(1), &json!("change mine"))
    );
    let shown = world.place.json(&["feature", "show", "pay"]);
    assert!(shown["worktrees"].as_array().expect("rows").contains(row), "kept for lists");
}

#[test]
fn a_host_that_is_down_is_told_and_the_other_is_done() {
    let world = World::new();
    let mut sshd = world.net.host("far");
    prepare(&world);
    sshd.stop();
    let said = world.place.sf(&["sync", "pay", "--json"]);
    assert_eq!(said.status, 3, "{said:?}");
    let answer = said.json();
    assert_eq!(answer["error"]["code"], "unreachable");
    let hosts = answer["result"]["features"][0]["hosts"].as_array().expect("hosts");
    let of = |name: &str| hosts.iter().find(|h| h["host"] == name).expect("a row");
    assert_eq!((&of("far")["ok"], &of("far")["error"]["code"]), (&json!(false), &json!("unreachable")));
    assert_eq!((&of("local")["ok"], &of("local")["repos"][0]["worktree"]), (&json!(true), &json!("created")));
    let said = world.place.sf(&["worktree", "list", "--json"]);
    assert_eq!(said.status, 3);
    let rows = said.json()["result"].clone();
    assert!(
        rows.as_array()
            .expect("rows")
            .iter()
            .any(|r| r["host"] == "far" && r["error"]["code"] == "unreachable")
    );
    // Another kind of failure beside it makes it partial.
    fs::remove_dir_all(world.place.path().join("up/web.git")).expect("removed");
    let said = world.place.sf(&["--batch", "sync", "pay"]);
    assert_eq!(said.status, 1, "{said:?}");
    let last: Value = serde_json::from_str(said.stdout.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["event"], &last["error"]["code"]), (&json!("finished"), &json!("partial")));
    assert!(last["result"]["features"].is_array(), "both, result and error");
}

#[test]
fn a_lost_master_costs_nothing() {
    let world = World::new();
    let _sshd = world.net.host("far");
    prepare(&world);
    let _ = world.place.json(&["sync", "pay"]);
    let run = world.place.sf_home().join("run");
    let [master] = masters(&run)[..] else { panic!("one master") };
    proc::kill(master, Signal::KILL).expect("ours");
    let report = world.place.json(&["sync", "pay"]);
    assert!(rows(&report).iter().all(|(_, row)| row["worktree"] == "unchanged"));
    assert_ne!(masters(&run), [master]);
}

#[test]
fn a_dry_run_only_says_what_it_would_do() {
    let world = World::new();
    let sshd = world.net.host("far");
    prepare(&world);
    let report = world.place.json(&["sync", "pay", "--dry-run"]);
    assert!(rows(&report).iter().all(|(_, row)| row["worktree"] == "created"), "{report}");
    assert!(!world.place.home().join("repo-cache").exists() && !sshd.home.join("repo-cache").exists());
}

#[test]
fn names_that_are_unknown_or_bad_are_refused() {
    let world = World::new();
    let place = &world.place;
    let _ = place.json(&["repo", "add", "core", "/srv/core.git"]);
    let _ = place.json(&["feature", "new", "pay"]);
    for (line, status) in [
        (vec!["attach", "pay", "nope"], 1),
        (vec!["attach", "nope", "core"], 1),
        (vec!["attach", "pay", "core", "--host", "nope"], 1),
        (vec!["sync", "nope"], 1),
        (vec!["sync"], 2),
        (vec!["repo", "add", "x", "--", "-evil"], 2),
        (vec!["repo", "add", "x", "ext::sh"], 2),
        (vec!["repo", "add", "core", "/srv/other.git"], 4),
        (vec!["feature", "new", "x", "--branch", "a..b"], 2),
        (vec!["feature", "new", "pay", "--branch", "other"], 4),
        (vec!["feature", "new", "../x"], 2),
    ] {
        assert_eq!(place.sf(&line).status, status, "{line:?}");
    }
    assert_eq!(place.sf(&["feature", "new", "pay"]).status, 0, "the same again");
    assert_eq!(place.json(&["feature", "list"])[0]["branch"], "feat/pay");
}

#[test]
fn many_syncs_at_once_make_everything_once() {
    let world = World::new();
    let sshd = world.net.host("far");
    prepare(&world);
    let start = || {
        let mut sf = world.place.sf_command(&["sync", "pay", "--json"]);
        sf.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
    };
    let running: Vec<_> = (0..4).map(|_| start()).collect();
    let mut made = 0;
    for child in running {
        let said = child.wait_with_output().expect("ended");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let report: Value = serde_json::from_slice(&said.stdout).expect("JSON");
        made += rows(&report).iter().filter(|(_, row)| row["worktree"] == "created").count();
    }
    assert_eq!(made, 4, "each worktree by one of them");
    assert!(sshd.home.join("features/pay/web/README").exists());
}

#[test]
fn a_host_that_hangs_costs_its_deadline_and_no_more() {
    let world = World::new();
    let _listener = world.net.silent("far");
    prepare(&world);
    let said = world.place.sf(&["sync", "pay", "--timeout", "1s", "--json"]);
    assert_eq!(said.status, 3, "{said:?}");
    let answer = said.json();
    let hosts = answer["result"]["features"][0]["hosts"].as_array().expect("hosts").clone();
    let of = |name: &str| hosts.iter().find(|h| h["host"] == name).expect("a row");
    assert_eq!(of("far")["error"]["code"], "unreachable");
    assert_eq!((&of("local")["ok"], of("local")["repos"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    assert!(masters(&world.place.sf_home().join("run")).is_empty(), "nothing goes on behind it");
}
