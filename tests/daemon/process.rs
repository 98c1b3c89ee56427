//! The process: one a home, of nobody's, ended when it is told to.

use super::{Talk, found};
use crate::support::{Said, Sandbox, wait_for};

fn alive(pid: u64) -> bool {
    session_forge::sys::proc::alive(u32::try_from(pid).expect("a process id"))
}

#[test]
fn it_starts_once_and_stops_when_told() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.json(&["daemon", "status"])["running"], false);
    assert_eq!(sandbox.json(&["daemon", "stop"])["changed"], false);
    let first = sandbox.json(&["daemon", "start"]);
    let pid = first["pid"].as_u64().expect("a process id");
    assert!(alive(pid));
    let second = sandbox.json(&["daemon", "start"]);
    assert_eq!((&second["pid"], &second["changed"]), (&first["pid"], &false.into()));
    let third = sandbox.json(&["daemon", "restart"]);
    assert_ne!(third["pid"], first["pid"]);
    assert!(!alive(pid));
    let stopped = sandbox.json(&["daemon", "stop"]);
    assert_eq!((&stopped["running"], &stopped["pid"]), (&false.into(), &serde_json::Value::Null));
    assert!(!alive(third["pid"].as_u64().expect("a process id")));
}

#[test]
fn of_several_that_are_started_at_once_one_stays() {
    let sandbox = Sandbox::new();
    let start = || {
        let mut command = sandbox.sf_command(&["daemon", "start", "--json"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().expect("started")
    };
    let all = [start(), start(), start()].map(|child| Said::from(child.wait_with_output().expect("ended")));
    let pids: Vec<_> = all.iter().map(|said| said.json()["pid"].clone()).collect();
    assert!(pids.iter().all(|pid| pid.is_u64() && *pid == pids[0]), "{all:?}");
    let said = sandbox.sf(&["daemon", "run", "--json"]);
    assert_eq!((said.status, &said.json()["error"]["code"]), (4, &"conflict".into()));
}

#[test]
fn it_belongs_to_nobody() {
    let sandbox = Sandbox::new();
    let pid = sandbox.json(&["daemon", "start"])["pid"].as_u64().expect("a process id");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    // Fields 5 and 6 of proc(5): its group and session are its own; field 7: no terminal.
    assert_eq!((fields[2], fields[3], fields[4]), (&*pid.to_string(), &*pid.to_string(), "0"));
}

#[test]
fn one_that_was_killed_leaves_no_trace_that_matters() {
    let sandbox = Sandbox::new();
    let pid = sandbox.json(&["daemon", "start"])["pid"].as_u64().expect("a process id");
    sandbox.sh(&format!("kill -9 {pid}"));
    wait_for("its end", || (!alive(pid)).then_some(()));
    assert_eq!(sandbox.json(&["daemon", "status"])["running"], false);
    let _ = Talk::begin(&sandbox, 1);
    let again = sandbox.json(&["daemon", "start"]);
    assert_eq!(again["changed"], true);
    found(&sandbox, "opening");
}

#[test]
fn it_costs_next_to_nothing_while_nothing_happens() {
    let sandbox = Sandbox::new();
    let _ = Talk::begin(&sandbox, 1);
    let pid = sandbox.json(&["daemon", "start"])["pid"].as_u64().expect("a process id");
    found(&sandbox, "opening");
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let fields: Vec<u64> =
            stat.rsplit_once(')').expect("a name").1.split_whitespace().flat_map(str::parse).collect();
        // utime and stime, in ticks of 10 ms. The state letter before them is no number.
        fields[10] + fields[11]
    };
    // Searching happens in another process; what the daemon does now it does by itself.
    let before = used();
    for _ in 0..20 {
        let _ = sandbox.json(&["daemon", "status"]);
    }
    assert!(used() - before <= 2, "{} ticks", used() - before);
}
