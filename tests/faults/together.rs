//! Several at once, and some that are interrupted.

use std::fs;

use rustix::process::Signal;
use session_forge::sys::proc;

use serde_json::json;

use super::{Four, NAMES, Report, Stdio, hash};
use crate::support::git::commit;
use crate::support::sshd::end_masters;
use crate::support::{Said, Sandbox, wait_for};

#[test]
fn a_second_sync_changes_not_a_byte() {
    let four = Four::new();
    assert_eq!(four.sync(&[]).status, 0);
    let sums = || -> Vec<String> {
        let trees = four.hosts.iter().map(|host| hash(&host.home.join("features")));
        let refs = four.hosts.iter().map(|host| hash(&host.home.join("repo-cache/core.anchor/refs")));
        trees.chain(refs).collect()
    };
    let before = sums();
    let report = four.sync(&[]);
    assert_eq!(report.status, 0, "{}", report.answer);
    for name in NAMES {
        let row = report.row(name);
        assert_eq!(
            (&row["anchor"], &row["branch"], &row["worktree"]),
            (&"unchanged".into(), &"unchanged".into(), &"unchanged".into())
        );
    }
    assert_eq!(sums(), before);
    for host in &four.hosts {
        let mut top: Vec<_> =
            fs::read_dir(&host.home).expect("there").map(|e| e.expect("there").file_name()).collect();
        top.sort();
        assert_eq!(top, ["bin", "features", "repo-cache", "tmp"], "nothing outside of the two folders");
        assert_eq!(
            fs::read_dir(host.home.join("tmp")).expect("there").count(),
            0,
            "no temporary folder is left"
        );
    }
}

#[test]
fn two_machines_that_sync_at_once() {
    let four = Four::new();
    let other = Sandbox::new();
    four.settings(&other);
    four.import(&other, &serde_json::json!([{ "name": "core", "url": four.url("core"), "base": "main" }]));
    let mut theirs = other.sf_command(&["--json", "sync", "pay"]);
    theirs.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (ours, theirs) = (four.begin(&[]), theirs.spawn().expect("started"));
    let reports = [Report::ended(ours), Report::ended(theirs)];
    end_masters(&other.sf_home().join("run"));
    for name in NAMES {
        let made = reports.iter().filter(|report| report.row(name)["worktree"] == "created").count();
        assert_eq!(made, 1, "{name}: by one of them: {} {}", reports[0].answer, reports[1].answer);
    }
    assert!(reports.iter().all(|report| report.status == 0));
    four.heals();
}

#[test]
fn a_lock_of_somebody_who_works() {
    let four = Four::new();
    let lock = four.last().home.join("repo-cache/core.lock");
    fs::create_dir_all(&lock).expect("made");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux");
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    fs::write(lock.join("owner"), format!("{} {} {machine}\n", proc::pid(), boot.trim())).expect("written");
    // Nobody waits half a minute in a test.
    four.last().program("sleep", "exit 0");
    let report = four.sync(&[]);
    report.only_last(1, "conflict", "works on this repository");
    assert!(report.error("d").to_string().contains("core.lock"), "{}", report.answer);
    fs::remove_dir_all(&lock).expect("removed");
    four.heals();
}

#[test]
fn a_sync_that_is_killed() {
    let four = Four::new();
    let held = four.hold_packs();
    let mut running = four.begin(&[]);
    held.reached();
    running.kill().expect("ours");
    running.wait().expect("ended");
    drop(held);
    four.heals();
}

#[test]
fn a_sync_that_is_interrupted() {
    let four = Four::new();
    let held = four.hold_packs();
    let running = four.begin(&[]);
    held.reached();
    proc::kill(running.id(), Signal::INT).expect("ours");
    let said = Said::from(running.wait_with_output().expect("ended"));
    assert_eq!((said.status, &said.json()["error"]["code"]), (130, &"cancelled".into()), "{said:?}");
    drop(held);
    four.heals();
}

#[test]
fn a_clone_that_was_killed_on_its_host() {
    let four = Four::new();
    let part = four.last().home.join("repo-cache/.core~new/.git");
    fs::create_dir_all(&part).expect("made");
    fs::write(part.join("half"), "of a clone").expect("written");
    four.heals();
    assert!(!part.exists());
}

#[test]
fn a_host_that_is_down_while_a_feature_is_destroyed() {
    let mut four = Four::new();
    four.heals();
    commit(&four.tree(3), "mine", "1");
    fs::write(four.tree(3).join("draft"), "kept").expect("written");
    four.last_mut().stop();
    let said = four.place.sf(&["--json", "feature", "destroy", "pay", "--yes"]);
    assert_eq!((said.status, &said.json()["error"]["code"]), (3, &"unreachable".into()), "{said:?}");
    for host in 0..3 {
        assert!(!four.tree(host).exists(), "the others are done");
    }
    assert!(four.tree(3).join("draft").exists());
    four.last_mut().start();
    let said = four.place.sf(&["--json", "feature", "destroy", "pay", "--yes"]);
    assert_eq!(
        (said.status, &said.json()["error"]["code"]),
        (4, &"refused".into()),
        "now it is asked: {said:?}"
    );
    assert_eq!(four.place.sf(&["feature", "destroy", "pay", "--force", "--yes"]).status, 0);
    let back = four.place.json(&["feature", "restore", "pay"]);
    assert_eq!(back["restored"].as_array().map(Vec::len), Some(4), "{back}");
    assert_eq!(fs::read_to_string(four.tree(3).join("draft")).expect("back"), "kept");
}

#[test]
fn an_agent_that_dies_is_told_and_started_again() {
    let four = Four::new();
    let host = four.last();
    let bin = host.home.join("sf/bin");
    let _ = four.place.json(&["bootstrap", "--hosts", "d", "--yes"]);
    let started = four.place.json(&["session", "start", "--host", "d", "--", "sleep", "600"]);
    let id = started["id"].as_str().expect("an id").to_owned();
    let right = fs::read_to_string(bin.join("current")).expect("there");
    // An agent that ends as soon as it is asked.
    fs::create_dir_all(bin.join("bad")).expect("made");
    fs::copy("/bin/false", bin.join("bad/sf")).expect("copied");
    fs::write(bin.join("current"), "bad 0.0.1\n").expect("written");
    let said = four.place.sf(&["--json", "session", "list", "--hosts", "d"]);
    assert_ne!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("sf bootstrap --hosts d"), "{said:?}");
    fs::write(bin.join("current"), right).expect("written");
    let rows = four.place.json(&["session", "list", "--hosts", "d"]);
    assert_eq!(rows[0]["id"], id.as_str(), "the session never noticed");
    // The agent of a running client is killed: the session goes on, the client comes back.
    for pid in agents(&host.home) {
        proc::kill(pid, Signal::KILL).expect("ours");
    }
    let _ = four.place.json(&["session", "stop", &id, "--force"]);
    four.heals();
}

#[test]
fn an_agent_that_is_killed_in_the_middle_of_a_call() {
    let four = Four::new();
    let host = four.last();
    let _ = four.place.json(&["bootstrap", "--hosts", "d", "--yes"]);
    let started = four.place.json(&["session", "start", "--host", "d", "--", "sh", "-c", "read x; exit 7"]);
    let id = started["id"].as_str().expect("an id").to_owned();
    let mut waiting =
        four.place.sf_command(&["--json", "session", "wait", &id, "--for", "exit", "--timeout", "60s"]);
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    // Once it has opened all that the question takes, it waits.
    let (mut opened, mut same) = (0, 0);
    let killed = wait_for("the agent that waits", || {
        let all = agents(&host.home);
        let open = |pid: &u32| fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        let now: usize = all.iter().map(open).sum();
        same = if now == opened { same + 1 } else { 0 };
        opened = now;
        (now > 0 && same > 40).then_some(all)
    });
    for pid in killed {
        proc::kill(pid, Signal::KILL).expect("ours");
    }
    // Told or begun again, but never left hanging; the session did not notice.
    let said = Said::from(waiting.wait_with_output().expect("it ends"));
    let _ = four.place.json(&["session", "send", &id, "x", "--enter", "--force"]);
    let ended = four.place.json(&["session", "wait", &id, "--for", "exit", "--timeout", "60s"]);
    assert_eq!(ended["state"], "exited", "{ended}");
    assert_eq!((said.status, &said.json()["error"]["code"]), (3, &json!("unreachable")), "{said:?}");
    assert_eq!(four.place.json(&["session", "show", &id])["exit_code"], 7);
    four.heals();
}

/// The agents of a host.
fn agents(home: &std::path::Path) -> Vec<u32> {
    let ours = home.join("sf/bin").display().to_string();
    let pids = fs::read_dir("/proc")
        .expect("Linux")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        words.starts_with(&ours) && words.contains("agent")
    })
    .collect()
}
