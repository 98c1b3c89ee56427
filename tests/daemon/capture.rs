//! What it captures, and when.

use std::fs;
use std::process::Stdio;

use super::{Talk, found};
use crate::support::{Sandbox, wait_for};

#[test]
fn what_is_appended_is_searchable_soon() {
    let sandbox = Sandbox::new();
    let talk = Talk::begin(&sandbox, 1);
    let started = sandbox.json(&["daemon", "start"]);
    assert_eq!((&started["running"], &started["changed"]), (&true.into(), &true.into()));
    found(&sandbox, "opening");
    for word in ["heron", "kestrel", "plover"] {
        talk.say(word);
        found(&sandbox, word);
    }
    let status = sandbox.json(&["daemon", "status"]);
    assert!(status["last_capture"].is_string(), "{status}");
    let claude = status["watching"].as_array().expect("roots").iter().find(|w| w["tool"] == "claude-code");
    assert_eq!(claude.expect("a root")["mode"], "watched");
    let log = sandbox.json(&["daemon", "logs"])["lines"].to_string();
    assert!(log.contains("1 sessions new") && log.contains("1 updated, 1 messages"), "{log}");
}

#[test]
fn a_store_that_appears_later_is_noticed() {
    let sandbox = Sandbox::new();
    let started = sandbox.json(&["daemon", "start"]);
    assert!(started["watching"].as_array().expect("roots").iter().all(|w| w["mode"] == "awaited"));
    let talk = Talk::begin(&sandbox, 1);
    found(&sandbox, "opening");
    talk.say("later");
    found(&sandbox, "later");
    let _ = Talk::begin(&sandbox, 2);
    found(&sandbox, "\"opening of 2\"");
}

#[test]
fn a_tool_that_is_switched_off_is_left_alone_and_taken_up_again() {
    let sandbox = Sandbox::new();
    let talk = Talk::begin(&sandbox, 1);
    let _ = sandbox.json(&["daemon", "start"]);
    found(&sandbox, "opening");
    let _ = sandbox.json(&["watcher", "disable", "claude-code"]);
    let watched = |sandbox: &Sandbox| {
        let status = sandbox.json(&["daemon", "status"]);
        status["watching"].as_array().expect("roots").iter().any(|w| w["tool"] == "claude-code")
    };
    wait_for("the daemon to hear of it", || (!watched(&sandbox)).then_some(()));
    talk.say("unheard");
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["messages"], 0);
    assert_eq!(sandbox.json(&["search", "unheard"])["total"], 0);
    let _ = sandbox.json(&["watcher", "enable", "claude-code"]);
    found(&sandbox, "unheard");
}

#[test]
fn what_no_watch_tells_is_found_by_looking_again() {
    let sandbox = Sandbox::new();
    let _ = sandbox.json(&["config", "set", "capture.rescan", "1s"]);
    let _ = Talk::begin(&sandbox, 1);
    let _ = sandbox.json(&["daemon", "start"]);
    found(&sandbox, "opening");
    // The log is made anew only by a capture, and nothing has told of a change.
    fs::remove_dir_all(sandbox.sf_home().join("sessions")).expect("removed");
    let before = sandbox.json(&["daemon", "status"])["last_capture"].clone();
    wait_for("another look", || {
        (sandbox.json(&["daemon", "status"])["last_capture"] != before).then_some(())
    });
}

#[test]
fn the_index_can_be_made_anew_under_it() {
    let sandbox = Sandbox::new();
    let talk = Talk::begin(&sandbox, 1);
    let _ = sandbox.json(&["daemon", "start"]);
    found(&sandbox, "opening");
    talk.say("before");
    found(&sandbox, "before");
    assert_eq!(sandbox.json(&["daemon", "rebuild-index"])["messages"], 2);
    assert_eq!(sandbox.json(&["search", "before"])["total"], 1);
    talk.say("behind");
    found(&sandbox, "behind");
}

#[test]
fn a_system_without_watches_is_looked_at_now_and_then() {
    let sandbox = Sandbox::new();
    let _ = sandbox.json(&["config", "set", "capture.rescan", "1s"]);
    let talk = Talk::begin(&sandbox, 1);
    // The limit of a user namespace of its own (user_namespaces(7)): nobody else's is touched.
    let mut command = sandbox.command("unshare");
    let script = "echo 1 > /proc/sys/user/max_inotify_watches && exec \"$0\" daemon run";
    command.args(["--user", "--map-root-user", "sh", "-c", script, env!("CARGO_BIN_EXE_sf")]);
    let mut daemon = command.stdout(Stdio::null()).spawn().expect("unshare can be run");
    found(&sandbox, "opening");
    talk.say("overlooked");
    found(&sandbox, "overlooked");
    let status = sandbox.json(&["daemon", "status"]);
    let claude = status["watching"].as_array().expect("roots").iter().find(|w| w["tool"] == "claude-code");
    let claude = claude.expect("a root");
    assert_eq!(claude["mode"], "scanned", "{status}");
    assert!(claude["reason"].as_str().is_some_and(|why| why.contains("max_user_watches")), "{status}");
    let _ = sandbox.json(&["daemon", "stop"]);
    daemon.wait().expect("ended");
}
