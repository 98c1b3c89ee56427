//! Leaving the login: systemd may end everything that was started in one when it ends.

use std::path::Path;

use crate::sys::{Env, proc};

/// Whether we are in the scope of a login and its user has a manager that can take a process out of it.
/// (Where there is none, a session of its own is all that can be had; `doctor` says whether logins end
/// what they leave behind.)
pub(super) fn leaves_login(env: &Env) -> bool {
    let cgroup = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    in_login(&cgroup) && manager(env)
}

fn in_login(cgroup: &str) -> bool {
    cgroup
        .lines()
        .any(|line| line.split('/').any(|part| part.starts_with("session-") && part.ends_with(".scope")))
}

/// The socket of the user's systemd, and the program that talks to it.
fn manager(env: &Env) -> bool {
    let there = env.path("XDG_RUNTIME_DIR").is_some_and(|dir| dir.join("systemd/private").exists());
    let paths = env.get("PATH").unwrap_or_default();
    there && std::env::split_paths(paths).any(|dir| dir.join("systemd-run").is_file())
}

/// The program in a scope of its own, with our standard input and output.
pub(super) fn outside(program: &Path) -> tokio::process::Command {
    let mut command = proc::command("systemd-run");
    command.args(["--user", "--scope", "--quiet", "--collect", "--"]).arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_known_by_its_scope() {
        assert!(in_login("0::/user.slice/user-1000.slice/session-4.scope"));
        assert!(!in_login("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope"));
        assert!(!in_login("0::/system.slice/ssh.service"));
    }

    #[test]
    fn a_manager_is_a_socket_and_a_program() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        let env = Env::of([("XDG_RUNTIME_DIR", path("run")), ("PATH", path("bin"))]);
        assert!(!manager(&env));
        std::fs::create_dir_all(path("run/systemd")).expect("made");
        std::fs::create_dir(path("bin")).expect("made");
        std::fs::write(path("run/systemd/private"), "").expect("written");
        assert!(!manager(&env));
        std::fs::write(path("bin/systemd-run"), "").expect("written");
        assert!(manager(&env));
    }
}
