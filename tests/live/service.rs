//! The background capture as a service: the files, as their managers read them.
//!
//! No systemd runs as the first process of the machines that this is tested on, and no launchd: that
//! they start what the files say is not run here.

use serde_json::json;

use crate::support::Sandbox;

/// A service manager that writes down what it is told.
fn manager(place: &Sandbox, name: &str, says: &str) {
    let bin = place.home().join("bin");
    std::fs::create_dir_all(&bin).expect("made");
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> '{}/told'\n{says}\n", place.home().display());
    std::fs::write(bin.join(name), script).expect("written");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join(name), open).expect("executable");
}

fn with_path(place: &mut Sandbox) {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", place.home().join("bin").display());
    place.set("PATH", path);
}

#[test]
fn a_unit_is_written_that_systemd_can_read() {
    let mut place = Sandbox::new();
    manager(&place, "systemctl", "echo ActiveState=active; echo MainPID=4242");
    with_path(&mut place);
    let asked = place.sf(&["--json", "service", "install"]);
    assert_eq!(asked.json()["error"]["code"], json!("needs_consent"));
    let installed = place.json(&["service", "install", "--yes"]);
    let unit = place.home().join(".config/systemd/user/sf.service");
    assert_eq!(
        (installed[0]["installed"].clone(), installed[0]["running"].clone(), installed[0]["pid"].clone()),
        (json!(true), json!(true), json!(4242))
    );
    let verify = place.command("systemd-analyze").args(["verify", "--user"]).arg(&unit).output();
    let verify = verify.expect("systemd-analyze is there (tests/run installs it)");
    let said = String::from_utf8_lossy(&verify.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("sf.service")).collect();
    assert!(ours.is_empty(), "{said}");
    let text = std::fs::read_to_string(&unit).expect("read");
    assert!(text.contains("daemon") && text.contains(place.sf_home().to_str().expect("UTF-8")), "{text}");
    place.json(&["service", "restart"]);
    place.json(&["service", "uninstall", "--yes"]);
    assert!(!unit.exists());
    let told = std::fs::read_to_string(place.home().join("told")).expect("told");
    for line in [
        "--user daemon-reload",
        "--user enable sf.service",
        "--user restart sf.service",
        "--user disable --now sf.service",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
}

#[test]
fn a_plist_is_written_for_launchd() {
    let mut place = Sandbox::new();
    place.set("SF_TEST_SERVICE", "launchd");
    manager(&place, "launchctl", "echo 'pid = 77'");
    with_path(&mut place);
    let installed = place.json(&["service", "install", "--yes"]);
    assert_eq!((installed[0]["manager"].clone(), installed[0]["pid"].clone()), (json!("launchd"), json!(77)));
    let text = std::fs::read_to_string(place.home().join("Library/LaunchAgents/dev.session-forge.sf.plist"));
    let text = text.expect("written");
    for wanted in ["<?xml", "<string>daemon</string>", "<key>RunAtLoad</key>", "</plist>"] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
}

#[test]
fn without_a_manager_it_says_what_to_do() {
    let mut place = Sandbox::new();
    manager(&place, "systemctl", "echo 'Failed to connect to bus' >&2; exit 1");
    with_path(&mut place);
    let said = place.sf(&["service", "install", "--yes"]);
    assert_eq!(said.status, 1);
    assert!(said.stderr.contains("sf daemon start"), "{said:?}");
    let status = place.json(&["service", "status"]);
    assert_eq!(status[0]["running"], json!(false));
}
