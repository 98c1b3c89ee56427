//! The link to the host of a session: cut, stalled, slow, and what serves it killed.

use std::time::Duration;

use crate::live::random::place::Place;
use crate::support::pty::Terminal;

/// A host behind a link that can be disturbed, a session there, and a cockpit that shows it.
fn shown(script: &str) -> (Place, Terminal) {
    let place = Place::new();
    let _ = place.sf(&["session", "start", "--host", "gpu", "--name", "far", "--", "sh", "-c", script], 0);
    let mut cockpit = place.open(&[], 27);
    cockpit.wait_text("Live");
    cockpit.send("3");
    cockpit.wait_text("far");
    cockpit.send("\r");
    cockpit.wait("its screen", |text| text.lines().any(|line| line.trim_end() == "ready"));
    cockpit.wait_text("TERMINAL");
    (place, cockpit)
}

const ECHO: &str = "echo ready; while read x; do echo got $x; done";

/// The session is shown and answers, without a key for it.
fn back(place: &Place, cockpit: &mut Terminal, word: &str) {
    let text = format!("got {word}");
    let _ = place.sf(&["session", "send", "far", word, "--enter"], 0);
    cockpit.wait_text(&text);
    cockpit.wait("the link to be up again", |screen| !screen.contains("trying again"));
    cockpit.send(&format!("typed-{word}\r"));
    cockpit.wait_text(&format!("got typed-{word}"));
    let _ = place.sf(&["session", "stop", "far", "--force"], 0);
}

#[test]
fn a_link_that_is_cut_is_taken_up_again_by_itself() {
    let (place, mut cockpit) = shown(ECHO);
    place.proxy.cut();
    cockpit.wait_text("trying again");
    // Meanwhile everything else works.
    cockpit.send("\x1d1");
    cockpit.wait_text("this machine");
    cockpit.send("3\r");
    place.proxy.mend();
    back(&place, &mut cockpit, "again");
}

/// The same with the plain terminal.
#[test]
fn a_terminal_whose_link_is_cut_is_attached_again_by_itself() {
    let place = Place::new();
    let script = format!("printf '\\033]52;c;aGk=\\007'; {ECHO}");
    let _ = place.sf(&["session", "start", "--host", "gpu", "--name", "far", "--", "sh", "-c", &script], 0);
    let mut terminal = place.open(&["session", "attach", "far"], 24);
    terminal.wait_text("ready");
    place.proxy.cut();
    terminal.wait("one line about it", |text| {
        text.lines().filter(|line| line.contains("trying again (Ctrl-] leaves)")).count() == 1
    });
    let _ = terminal.wait_text("ready");
    terminal.send("early\r");
    place.proxy.mend();
    terminal.wait_text("got early");
    terminal.wait("the line to be gone", |text| !text.contains("trying again"));
    // It ends when it is told that the session is gone, and only then.
    place.proxy.cut();
    terminal.wait_text("trying again");
    place.proxy.mend();
    let _ = place.sf(&["session", "stop", "far", "--force"], 0);
    assert!(matches!(terminal.exit(), 0 | 4), "it heard of the end, or was told that it was over");
    let text = terminal.text();
    assert!(text.contains("has ended with status"), "{text}");
}

/// A host on which the agent is killed before it can say hello is not one without sf.
#[test]
fn an_agent_that_is_killed_at_once_is_no_host_without_sf() {
    let place = Place::new();
    let bin = place.sshd.home.join("sf/bin");
    let current = std::fs::read_to_string(bin.join("current")).expect("bootstrapped");
    let program = bin.join(current.split_whitespace().next().expect("a digest")).join("sf");
    let whole = std::fs::read(&program).expect("there");
    let write = |bytes: &[u8]| {
        std::fs::remove_file(&program).expect("removed");
        std::fs::write(&program, bytes).expect("written");
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("ours");
    };
    write(b"#!/bin/sh\nkill -KILL $$\n");
    let said = place.sf(&["--json", "session", "list", "--host", "gpu"], 3);
    assert_eq!(said.json()["error"]["code"], "unreachable", "{said:?}");
    write(b"#!/bin/sh\nexit 0\n");
    let said = place.sf(&["--json", "session", "list", "--host", "gpu"], 1);
    assert!(said.stderr.contains("no sf answers there"), "{said:?}");
    write(&whole);
    let _ = place.sf(&["session", "list", "--host", "gpu"], 0);
}

#[test]
fn a_link_that_is_half_open_is_given_up_and_taken_up_again() {
    let (place, mut cockpit) = shown(ECHO);
    // Nobody answers, and nobody says so.
    place.proxy.stall();
    cockpit.send("lost?");
    place.proxy.mend();
    cockpit.wait_text("lost?");
    cockpit.send("\r");
    cockpit.wait_text("got lost?");
    place.proxy.stall();
    // A person does not wait until ssh has noticed: the processes at this end are gone.
    place.kill_masters();
    cockpit.wait_text("trying again");
    place.proxy.mend();
    back(&place, &mut cockpit, "half");
}

#[test]
fn a_link_that_is_slow_shows_control_c_all_the_same() {
    let (place, mut cockpit) = shown("trap 'echo interrupted; exec cat' INT; echo ready; read x; yes flood");
    place.proxy.delay(Duration::from_millis(100));
    cockpit.send("\r");
    cockpit.wait_text("flood");
    cockpit.send("\x03");
    cockpit.wait_text("^C");
    place.proxy.delay(Duration::ZERO);
    let _ = place.sf(&["session", "stop", "far", "--force"], 0);
}

#[test]
fn an_agent_that_is_killed_is_started_again_and_the_screen_is_whole() {
    let (place, mut cockpit) = shown(ECHO);
    assert!(place.kill_agents() > 0, "one served the link");
    back(&place, &mut cockpit, "agent");
}

#[test]
fn a_program_that_is_upgraded_drives_the_sessions_of_before() {
    let (place, mut cockpit) = shown(ECHO);
    let _ = place.sf(&["session", "start", "--name", "near", "--", "sh", "-c", ECHO], 0);
    place.upgrade(true);
    let _ = place.sf(&["session", "send", "near", "new", "--enter"], 0);
    let _ = place.sf(&["session", "wait", "near", "--for", "got new", "--timeout", "20s"], 0);
    let _ = place.sf(&["session", "stop", "near", "--force"], 0);
    place.kill_agents();
    back(&place, &mut cockpit, "upgraded");
}
