//! Sessions on another host: the same commands over a real sshd and the agent behind it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::fleet::World;
use crate::support::pty::Terminal;
use crate::support::sshd::end_masters;
use crate::support::wait_for;

#[test]
fn a_session_on_another_host_outlives_the_link() {
    let world = World::new();
    let sshd = world.net.host("a");
    let place = &world.place;
    place.json(&["host", "add", "gpu", "a"]);
    let early = place.sf(&["session", "start", "--host", "gpu", "--", "cat"]);
    assert!(early.status == 1 && early.stderr.contains("bootstrap"), "{early:?}");
    place.json(&["bootstrap", "--hosts", "gpu", "--yes"]);
    // A tool that only the login shell finds.
    let bin = sshd.home.join("tools");
    fs::create_dir_all(&bin).expect("made");
    fs::write(bin.join("claude"), "#!/bin/sh\necho I am claude; while read x; do echo got $x; done\n")
        .expect("written");
    fs::set_permissions(bin.join("claude"), fs::Permissions::from_mode(0o755)).expect("ours");
    fs::write(sshd.home.join(".profile"), format!("PATH=\"{}:$PATH\"\necho noise\n", bin.display()))
        .expect("written");
    let started = place.json(&["session", "start", "--host", "gpu", "--name", "far"]);
    assert_eq!((&started["host"], &started["command"]), (&json!("gpu"), &json!(["claude"])));
    assert_eq!(started["workdir"].as_str(), sshd.home.to_str(), "the home folder there");
    place.json(&["session", "wait", "far", "--for", "I am claude", "--timeout", "20s"]);
    // The link dies with its master; the session does not.
    end_masters(&place.sf_home().join("run"));
    let mut terminal = Terminal::start(place, &["session", "attach", "far"], 80, 24);
    terminal.wait_text("I am claude");
    terminal.send("hello\r");
    terminal.wait_text("got hello");
    end_masters(&place.sf_home().join("run"));
    place.json(&["session", "send", "far", "again", "--enter"]);
    terminal.wait_text("got again");
    terminal.send("\x1d");
    assert_eq!(terminal.exit(), 0, "the person left");
    let rows = place.json(&["session", "list"]);
    assert_eq!((&rows[0]["host"], &rows[0]["tool"]), (&json!("gpu"), &json!("claude-code")));
    wait_for("nobody to be attached", || {
        (place.json(&["session", "show", "far"])["clients"] == 0).then_some(())
    });
    let stopped = place.json(&["session", "stop", "far", "--force"]);
    assert_eq!(stopped["exit_code"], 137);
    // Without the host, what was last seen is listed; asked for by name, it is an error.
    drop(sshd);
    end_masters(&place.sf_home().join("run"));
    assert_eq!(place.json(&["session", "list"])[0]["state"], "exited");
    let named = place.sf(&["--json", "session", "list", "--host", "gpu"]);
    assert_eq!((named.status, named.json()["error"]["code"].as_str()), (3, Some("unreachable")));
    assert_eq!(named.json()["result"][0]["id"], started["id"]);
}
