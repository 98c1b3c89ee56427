//! A network namespace behind a pair of virtual interfaces: a machine behind a cable that can be
//! pulled, or made narrow. Needs root and iproute2; both are demanded, never skipped.

use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use session_forge::sys::proc::{self, blocking_command};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The cable; the namespace goes with it.
pub struct Cable {
    namespace: String,
    near: String,
    address: String,
}

impl Cable {
    /// Lays one, in a subnet that nobody uses.
    pub fn new() -> Self {
        let tag = format!("sf{:x}{:x}", proc::pid() % 0x10_0000, NEXT.fetch_add(1, Ordering::SeqCst));
        let (namespace, near, far) = (tag.clone(), format!("{tag}n"), format!("{tag}f"));
        ip(&["netns", "add", &namespace]);
        ip(&["link", "add", &near, "type", "veth", "peer", "name", &far]);
        let taken = ip(&["-o", "-4", "addr"]);
        let free = (0..=255).find(|n| !taken.contains(&format!(" 10.99.{n}."))).expect("a free subnet");
        ip(&["link", "set", &far, "netns", &namespace]);
        ip(&["addr", "add", &format!("10.99.{free}.1/30"), "dev", &near]);
        ip(&["-n", &namespace, "addr", "add", &format!("10.99.{free}.2/30"), "dev", &far]);
        ip(&["link", "set", &near, "up"]);
        ip(&["-n", &namespace, "link", "set", &far, "up"]);
        ip(&["-n", &namespace, "link", "set", "lo", "up"]);
        Self { namespace, near, address: format!("10.99.{free}.2") }
    }

    /// The machine at its end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What a program is started with there.
    pub fn inside(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.namespace].map(str::to_owned).to_vec()
    }

    /// Pulls it.
    pub fn pull(&self) {
        ip(&["link", "set", &self.near, "down"]);
    }

    /// Plugs it in again.
    pub fn plug(&self) {
        ip(&["link", "set", &self.near, "up"]);
    }

    /// Makes it narrow: a rate as `tc` takes it.
    pub fn narrow(&self, rate: &str) {
        run(
            "tc",
            &[
                "qdisc", "add", "dev", &self.near, "root", "tbf", "rate", rate, "burst", "16kbit", "latency",
                "400ms",
            ],
        );
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // The pair of interfaces goes with the namespace.
        let _ = blocking_command("ip").args(["netns", "del", &self.namespace]).status();
        let _ = blocking_command("ip").args(["link", "del", &self.near]).status();
    }
}

fn ip(args: &[&str]) -> String {
    run("ip", args)
}

fn run(program: &str, args: &[&str]) -> String {
    let out = blocking_command(program)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap_or_else(|e| panic!("{program} is missing: install iproute2 ({e})"));
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}
