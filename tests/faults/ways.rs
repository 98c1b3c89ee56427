//! Ways to a host that system ssh knows, and login shells that are not POSIX.

use std::fs;

use super::Four;
use crate::support::sshd::Setup;

fn with_shell(shell: &str, more: &str) {
    let which = session_forge::sys::proc::blocking_command("/bin/sh")
        .args(["-c", &format!("command -v {shell}")])
        .status()
        .expect("sh runs");
    assert!(which.success(), "{shell} is missing: tests/run installs it");
    let config = format!("ForceCommand {shell} -c \"{more}$SSH_ORIGINAL_COMMAND\"\n");
    let four = Four::with_last(|net| net.host_with("d", Setup { config: &config, ..Setup::default() }));
    four.heals();
    let rows = four.place.json(&["host", "check", "d"]);
    assert_eq!(rows[0]["state"], "up", "{rows}");
    let _ = four.place.json(&["bootstrap", "--hosts", "d", "--yes"]);
    assert_eq!(four.place.json(&["session", "list", "--hosts", "d"]), serde_json::json!([]));
    assert_eq!(four.place.sf(&["feature", "destroy", "pay", "--yes"]).status, 0);
}

#[test]
fn a_login_shell_that_is_fish() {
    with_shell("fish", "");
}

#[test]
fn a_login_shell_that_is_csh() {
    with_shell("tcsh", "");
}

#[test]
fn a_login_shell_that_talks() {
    with_shell("bash", "echo hello; echo oops >&2; ");
}

#[test]
fn a_host_behind_another() {
    let four = Four::new();
    let port = four.last().port;
    four.net.alias_with("inner", "127.0.0.1", port, "  ProxyJump a\n");
    let added = four.place.json(&["host", "add", "inner", "inner"]);
    assert_eq!(added["reachable"], true, "{added}");
    assert!(four.hosts[0].logged("Accepted publickey") > 0, "by way of the other");
    four.heals();
}

#[test]
fn a_host_at_an_address_of_ipv6() {
    let four = Four::with_last(|net| net.host_with("d", Setup { address: Some("::1"), ..Setup::default() }));
    four.heals();
    let port = four.last().port;
    let known = four.net.known_hosts().display().to_string();
    let key = four.net.config_file().with_file_name("id").display().to_string();
    four.net.configure(&format!(
        "Match host ::1\n  User root\n  IdentityFile {key}\n  UserKnownHostsFile {known}\n"
    ));
    let added = four.place.json(&["host", "add", "six", &format!("ssh://root@[::1]:{port}")]);
    assert_eq!(added["reachable"], true, "{added}");
}

#[test]
fn a_configuration_that_runs_a_program() {
    let four = Four::new();
    let (port, known) = (four.last().port, four.net.known_hosts().display().to_string());
    let key = four.net.config_file().with_file_name("id").display().to_string();
    let flag = four.place.path().join("at-work");
    four.net.configure(&format!(
        "Match originalhost sometimes exec \"test -e {}\"\n  HostName 127.0.0.1\n  Port {port}\n  User root\n  \
         IdentityFile {key}\n  UserKnownHostsFile {known}\nHost sometimes\n  HostName 127.0.0.1\n  Port 1\n",
        flag.display()
    ));
    let added = four.place.json(&["host", "add", "sometimes", "sometimes"]);
    assert_eq!(added["reachable"], false, "{added}");
    fs::write(&flag, "").expect("written");
    assert_eq!(four.place.json(&["host", "check", "sometimes"])[0]["state"], "up");
}
