//! A live session outlives its link and its clients.

use session_forge::sys::proc;

use super::Fleet;
use crate::support::sshd::masters;
use crate::support::{Sandbox, wait_for};

fn screen(place: &Sandbox, id: &str) -> String {
    let lines = place.json(&["session", "screen", id]);
    let lines = lines["lines"].as_array().expect("lines").iter();
    lines.filter_map(|l| l.as_str()).map(|l| format!("{l}\n")).collect()
}

#[test]
fn a_session_on_an_ssh_host_outlives_its_link() {
    let fleet = Fleet::new();
    let place = &fleet.place;
    let said = place.sf_with_input(&["--batch"], &fleet.workspace());
    assert_eq!(said.status, 0, "{said:?}");
    let started = place.json(&[
        "session",
        "start",
        "--host",
        "gpu",
        "--feature",
        "payments",
        "--repo",
        "core",
        "--name",
        "long",
        "--",
        "/bin/sh",
    ]);
    let id = started["id"].as_str().expect("an id");
    assert_eq!(place.sf(&["session", "send", id, "echo before-$((1+1))", "--enter"]).status, 0);
    let _ = place.json(&["session", "wait", id, "--for", "before-2", "--timeout", "20s"]);

    // The link: the master process that carries everything to that host.
    let pids = masters(&place.sf_home().join("run"));
    assert!(!pids.is_empty(), "a master was warm");
    for pid in &pids {
        proc::kill(*pid, rustix::process::Signal::KILL).expect("ours");
    }
    wait_for("the master to be gone", || pids.iter().all(|p| !proc::alive(*p)).then_some(()));

    let row = place.json(&["session", "show", id]);
    assert!(row["state"] != "exited" && row["state"] != "lost", "{row}");
    assert!(screen(place, id).contains("before-2"), "its screen is there");
    assert_eq!(place.sf(&["session", "send", "long", "echo after-$((2+2))", "--enter"]).status, 0);
    let _ = place.json(&["session", "wait", "long", "--for", "after-4", "--timeout", "20s"]);
    assert_eq!(place.sf(&["session", "stop", "long"]).status, 0);
    let _ = place.json(&["session", "wait", id, "--for", "exit", "--timeout", "20s"]);
}
