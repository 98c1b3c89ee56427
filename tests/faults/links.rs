//! The link: refused, silent, cut, frozen, replaced.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use session_forge::sys::proc;

use super::{Four, Report};
use crate::support::sshd::{Setup, masters, signal_masters};

#[test]
fn a_host_that_refuses_connections() {
    let mut four = Four::new();
    four.last_mut().stop();
    four.sync(&[]).only_last(3, "unreachable", "refused");
    four.last_mut().start();
    four.heals();
}

#[test]
fn a_host_whose_key_has_changed() {
    let four = Four::new();
    let known = four.net.known_hosts();
    let (right, port) = (fs::read_to_string(&known).expect("there"), four.last().port);
    let other = right.lines().next().expect("a key").split_once(' ').expect("a key").1.to_owned();
    let lines = right.lines().map(|line| match line.starts_with(&format!("[127.0.0.1]:{port} ")) {
        true => format!("[127.0.0.1]:{port} {other}\n"),
        false => format!("{line}\n"),
    });
    fs::write(&known, lines.collect::<String>()).expect("written");
    let report = four.sync(&[]);
    report.only_last(3, "unreachable", "has changed");
    assert!(report.error("d").to_string().contains("ssh-keygen -R"), "what to do about it");
    assert!(!four.last().home.join("repo-cache").exists(), "nothing was done there");
    fs::write(&known, right).expect("written");
    four.heals();
}

#[test]
fn a_host_whose_key_is_unknown() {
    let four = Four::new();
    let known = four.net.known_hosts();
    let all = fs::read_to_string(&known).expect("there");
    let less = all.lines().filter(|line| !line.contains(&format!(":{} ", four.last().port)));
    fs::write(&known, less.map(|line| format!("{line}\n")).collect::<String>()).expect("written");
    let report = four.sync(&[]);
    report.only_last(3, "unreachable", "Host key verification failed");
    assert!(report.error("d").to_string().contains("sf host login d"));
    fs::write(&known, all).expect("written");
    four.heals();
}

#[test]
fn a_host_that_denies_permission() {
    let four = Four::with_last(|net| {
        let keys = net.config_file().with_file_name("none.pub");
        fs::write(&keys, "").expect("written");
        net.host_with(
            "d",
            Setup { config: &format!("AuthorizedKeysFile {}\n", keys.display()), ..Setup::default() },
        )
    });
    let report = four.sync(&[]);
    report.only_last(3, "unreachable", "Permission denied");
    assert!(report.error("d").to_string().contains("ssh-add"));
    let keys = four.net.config_file().with_file_name("id.pub");
    fs::copy(keys, four.net.config_file().with_file_name("none.pub")).expect("let in");
    four.heals();
}

#[test]
fn a_host_that_is_frozen_delays_nobody_and_is_told_after_its_time() {
    let four = Four::new();
    assert_eq!(four.sync(&[]).status, 0);
    four.last().freeze();
    let said = four.place.sf(&["--batch", "sync", "pay", "--timeout", "3s"]);
    let lines = said.lines();
    let at = |text: &str| {
        lines.iter().position(|line| line["label"].as_str().is_some_and(|label| label.starts_with(text)))
    };
    let last = at("d: failed").expect("the frozen host is told");
    for name in ["a", "b", "c"] {
        assert!(at(&format!("{name} pay/core: unchanged")).expect("done") < last, "{said:?}");
    }
    four.last().thaw();
    assert_eq!(said.status, 3, "{said:?}");
    let finished = lines.last().expect("a line");
    let report = Report { status: said.status, answer: serde_json::json!({ "result": finished["result"] }) };
    report.only_last(3, "unreachable", "3000 ms");
    four.heals();
}

#[test]
fn a_master_that_hangs_is_replaced() {
    let four = Four::new();
    assert_eq!(four.sync(&["--hosts", "d"]).status, 0);
    let old = masters(&four.run_dir());
    signal_masters(&four.run_dir(), Signal::STOP);
    let report = four.sync(&["--hosts", "d"]);
    for pid in &old {
        proc::kill(*pid, Signal::KILL).expect("ours");
    }
    assert_eq!(report.status, 0, "{}", report.answer);
    four.heals();
}

#[test]
fn a_socket_that_nobody_listens_on_is_removed() {
    let four = Four::new();
    assert_eq!(four.sync(&[]).status, 0);
    signal_masters(&four.run_dir(), Signal::KILL);
    let sockets = |dir: std::path::PathBuf| {
        fs::read_dir(dir)
            .expect("there")
            .filter(|e| e.as_ref().expect("there").file_name().to_string_lossy().starts_with("m-"))
            .count()
    };
    assert_eq!(sockets(four.run_dir()), 4, "they were left behind");
    four.heals();
}

#[test]
fn a_laptop_that_slept_connects_again() {
    let four = Four::new();
    assert_eq!(four.sync(&[]).status, 0);
    // Asleep: nothing of ours runs, and the hosts have given the connections up meanwhile.
    signal_masters(&four.run_dir(), Signal::STOP);
    let asleep: Vec<u32> = four.hosts.iter().map(|host| host.port.into()).collect();
    four.hosts.iter().for_each(super::Sshd::cut);
    assert_eq!(asleep.len(), 4);
    wake(&four);
    four.heals();
}

#[test]
fn a_laptop_that_sleeps_in_the_middle_of_a_clone() {
    let four = Four::new();
    let held = four.hold_packs();
    let running = four.begin(&[]);
    held.reached();
    // Our own program and its connections stand still; the host gives its side up, and finishes nothing.
    proc::kill(running.id(), Signal::STOP).expect("ours");
    signal_masters(&four.run_dir(), Signal::STOP);
    four.last().cut();
    wake(&four);
    proc::kill(running.id(), Signal::CONT).expect("ours");
    Report::ended(running).only_last(3, "unreachable", "`d`");
    drop(held);
    four.heals();
}

/// Lets every stopped ssh of ours go on.
fn wake(four: &Four) {
    for entry in fs::read_dir("/proc").expect("Linux").filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let ours = four.run_dir().display().to_string();
        if String::from_utf8_lossy(&words).contains(&ours) {
            let _ = proc::kill(pid, Signal::CONT);
        }
    }
}

#[test]
fn a_link_that_is_cut_while_it_is_made() {
    let mut proxy = None;
    let four = Four::with_last(|net| {
        let sshd = net.host("d0");
        proxy = Some(net.through("d", &sshd));
        sshd
    });
    let proxy = proxy.expect("made");
    proxy.cut_after(1500);
    four.sync(&[]).only_last(3, "unreachable", "cannot reach host `d`");
    assert!(proxy.taken() >= 1);
    proxy.mend();
    four.heals();
}

#[test]
fn a_link_that_is_cut_in_the_middle_of_a_clone() {
    let mut proxy = None;
    let four = Four::with_last(|net| {
        let sshd = net.host("d0");
        proxy = Some(net.through("d", &sshd));
        sshd
    });
    let proxy = proxy.expect("made");
    let held = four.hold_packs();
    let running = four.begin(&[]);
    held.reached();
    proxy.cut();
    Report::ended(running).only_last(3, "unreachable", "`d`");
    drop(held);
    proxy.mend();
    four.heals();
}

#[test]
fn a_slow_link_is_only_slow() {
    let mut proxy = None;
    let four = Four::with_last(|net| {
        let sshd = net.host("d0");
        proxy = Some(net.through("d", &sshd));
        sshd
    });
    proxy.as_ref().expect("made").delay(Duration::from_millis(120));
    four.heals();
}

#[test]
fn an_sshd_that_is_killed_in_the_middle_of_a_clone() {
    let mut four = Four::new();
    let held = four.hold_packs();
    let running = four.begin(&[]);
    held.reached();
    four.last_mut().stop();
    Report::ended(running).only_last(3, "unreachable", "`d`");
    drop(held);
    four.last_mut().start();
    four.heals();
}

#[test]
fn a_host_that_never_ends_costs_its_time_limit() {
    let four = Four::new();
    let held = four.hold_packs();
    four.sync(&["--timeout", "6s"]).only_last(3, "unreachable", "6000 ms");
    drop(held);
    four.heals();
}

#[test]
fn a_host_that_allows_one_session_only() {
    let four =
        Four::with_last(|net| net.host_with("d", Setup { config: "MaxSessions 1\n", ..Setup::default() }));
    four.heals();
}

#[test]
fn a_warm_sync_is_one_round_trip_a_host() {
    let four = Four::new();
    four.heals();
    let before: Vec<usize> = four.hosts.iter().map(|host| host.logged("Starting session")).collect();
    let connected: Vec<usize> = four.hosts.iter().map(|host| host.logged("Accepted publickey")).collect();
    assert_eq!(four.sync(&[]).status, 0);
    for (at, host) in four.hosts.iter().enumerate() {
        crate::support::wait_for("one session", || {
            (host.logged("Starting session") == before[at] + 1).then_some(())
        });
        assert_eq!(host.logged("Accepted publickey"), connected[at], "over the connection that was there");
    }
}
