//! The first login: ssh asks a person, once.

use std::fs;

use serde_json::json;

use super::World;
use crate::support::pty::Terminal;
use crate::support::sshd::masters;
use session_forge::sys::proc::blocking_command;

/// A host whose key nobody knows yet, and a key of ours that needs a passphrase.
fn stranger(world: &World) {
    fs::write(world.net.known_hosts(), "").expect("emptied");
    let key = world.net.config_file().with_file_name("id");
    let locked = blocking_command("ssh-keygen")
        .args(["-q", "-p", "-P", "", "-N", "open sesame", "-f"])
        .arg(&key)
        .status();
    assert!(locked.expect("ssh-keygen runs").success());
    let _ = world.place.sf(&["host", "add", "far", "far"]);
}

#[test]
fn a_person_answers_once_and_everything_else_goes_over_it() {
    let world = World::new();
    let sshd = world.net.host("far");
    stranger(&world);
    let said = world.place.sf(&["host", "check", "far", "--json"]);
    assert_eq!(said.status, 3, "nobody is asked: {said:?}");
    assert!(said.stdout.contains("sf host login far"), "{said:?}");
    let mut terminal = Terminal::start(&world.place, &["host", "login", "far"], 100, 20);
    terminal.wait_text("Are you sure you want to continue connecting");
    terminal.send("yes\r");
    terminal.wait_text("Enter passphrase for key");
    terminal.send("open sesame\r");
    assert_eq!(terminal.exit(), 0, "{}", terminal.text());
    assert_eq!(masters(&world.place.sf_home().join("run")).len(), 1);
    let before = sshd.logged("Accepted publickey");
    assert_eq!(world.place.json(&["host", "check", "far"])[0]["state"], "up", "nobody is asked again");
    assert_eq!(sshd.logged("Accepted publickey"), before);
    assert!(!fs::read_to_string(world.net.known_hosts()).expect("there").is_empty(), "its key is known now");
}

#[test]
fn a_person_who_is_not_let_in_is_told() {
    let world = World::new();
    let _sshd = world.net.host("far");
    stranger(&world);
    let mut terminal = Terminal::start(&world.place, &["host", "login", "far"], 100, 20);
    terminal.wait_text("Are you sure you want to continue connecting");
    terminal.send("no\r");
    assert_eq!(terminal.exit(), 3);
    assert!(terminal.text().contains("did not let you in"), "{}", terminal.text());
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let world = World::new();
    let _sshd = world.net.host("far");
    stranger(&world);
    for line in [vec!["host", "login", "far", "--json"], vec!["--batch", "host", "login", "far", "--yes"]] {
        let said = world.place.sf(&line);
        assert_eq!(said.status, 2, "{line:?}: {said:?}");
        assert!(said.stdout.contains("screen_only"), "{said:?}");
    }
}

#[test]
fn in_the_cockpit_it_is_a_terminal_of_its_own() {
    let world = World::new();
    let _sshd = world.net.host("far");
    stranger(&world);
    let mut cockpit = Terminal::start(&world.place, &[], 120, 40);
    cockpit.wait_text("far");
    cockpit.send(":host login far\r");
    cockpit.wait_text("Are you sure you want to continue connecting");
    let rows = world.place.json(&["session", "list"]);
    let id = rows[0]["id"].as_str().expect("a session").to_owned();
    let _ = world.place.json(&["session", "send", &id, "yes", "--enter", "--force"]);
    cockpit.wait_text("Enter passphrase for key");
    let _ = world.place.json(&["session", "send", &id, "open sesame", "--enter", "--force"]);
    let _ = world.place.json(&["session", "wait", &id, "--for", "exit", "--timeout", "30s"]);
    assert_eq!(world.place.json(&["session", "show", &id])["exit_code"], json!(0));
    assert_eq!(world.place.json(&["host", "check", "far"])[0]["state"], "up");
    cockpit.kill();
}

#[test]
fn a_host_that_does_not_answer_is_not_stormed() {
    let world = World::new();
    world.net.closed("far");
    let _ = world.place.sf(&["host", "add", "far", "far"]);
    let line = "host check far\n".repeat(30);
    let said = world.place.sf_with_input(&["--batch", "--keep-going", "-"], &line);
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.contains("20 connections were begun within a minute"), "{said:?}");
}
