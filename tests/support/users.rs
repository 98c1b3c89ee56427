//! Real users of the machine, for what must not pass between two of them. Made when a test needs them,
//! removed when it ends. Only root can make users.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use session_forge::sys::{proc, random};

use super::{Said, Sandbox};

/// Two users and a folder for them.
pub struct Users {
    place: Sandbox,
    names: Vec<String>,
    sf: PathBuf,
}

fn system(place: &Sandbox, line: &[&str]) -> bool {
    let mut command = place.command(line[0]);
    command.args(&line[1..]).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.output().is_ok_and(|output| output.status.success())
}

impl Users {
    /// Makes users; `None`, said loudly, when we may not.
    pub fn make(count: usize) -> Option<Self> {
        if proc::uid() != 0 {
            let loud = "\n*** NOT TESTED: take-over between two users of one machine. Only root can make users:\n\
                        *** run `sudo tests/run` to see it.\n";
            // Not through the captured output: it must be seen.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), loud.as_bytes());
            return None;
        }
        let place = Sandbox::new();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(place.path(), open).expect("opened");
        // Where the program was built may be closed to others.
        let sf = place.path().join("sf-bin");
        std::fs::copy(env!("CARGO_BIN_EXE_sf"), &sf).expect("copied");
        std::fs::set_permissions(&sf, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("opened");
        let mut users = Self { place, names: Vec::new(), sf };
        for _ in 0..count {
            let name = format!("sft{}", random::hex(4).expect("random"));
            let home = users.place.path().join(&name);
            let path = home.to_str().expect("UTF-8").to_owned();
            let made = system(
                &users.place,
                &[
                    "useradd",
                    "--create-home",
                    "--skel",
                    "/nonexistent",
                    "--home-dir",
                    &path,
                    "-s",
                    "/bin/sh",
                    &name,
                ],
            );
            assert!(made, "useradd {name}");
            std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700))
                .expect("closed");
            users.names.push(name);
        }
        Some(users)
    }

    /// A user's name.
    pub fn name(&self, user: usize) -> &str {
        &self.names[user]
    }

    /// A user's home.
    pub fn home(&self, user: usize) -> PathBuf {
        self.place.path().join(self.name(user))
    }

    /// Gives a user a password.
    pub fn set_password(&self, user: usize, password: &str) {
        let line =
            format!("echo {}:{password} | PATH=/usr/sbin:/usr/bin:/sbin:/bin chpasswd", self.name(user));
        let _ = self.place.sh(&line);
    }

    /// A program as a user, in a sealed environment.
    pub fn command(&self, user: usize, program: impl AsRef<Path>) -> Command {
        let home = self.home(user);
        let mut command = self.place.command("setpriv");
        let name = self.name(user);
        command
            .args(["--reuid", name, "--regid", name, "--clear-groups", "--"])
            .arg(program.as_ref())
            .env("HOME", &home)
            .env("SF_HOME", home.join("sf"))
            .current_dir(&home);
        command
    }

    /// `sf` as a user.
    pub fn sf_command(&self, user: usize, args: &[&str]) -> Command {
        let mut command = self.command(user, &self.sf);
        command.args(args);
        command
    }

    /// Runs `sf` as a user.
    pub fn sf(&self, user: usize, args: &[&str]) -> Said {
        Said::of(self.sf_command(user, args))
    }

    /// Runs `sf --json …` as a user; it must succeed.
    pub fn json(&self, user: usize, args: &[&str]) -> Value {
        let said = self.sf(user, &[&["--json"], args].concat());
        assert_eq!(said.status, 0, "sf {args:?}: {said:?}");
        said.json()
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        for user in 0..self.names.len() {
            let sessions = self.sf(user, &["--json", "session", "list"]);
            let rows: Value = serde_json::from_str(&sessions.stdout).unwrap_or_default();
            for row in rows.as_array().into_iter().flatten() {
                let _ = self.sf(user, &["session", "stop", "--force", row["id"].as_str().unwrap_or("none")]);
            }
            let name = self.name(user).to_owned();
            super::wait_for("the user's end", || system(&self.place, &["userdel", &name]).then_some(()));
        }
    }
}
