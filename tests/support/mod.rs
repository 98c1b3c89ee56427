//! A sealed place to run the real program in.

#![allow(dead_code, reason = "topics use different parts of it")]

pub mod cast;
pub mod git;
pub mod live;
pub mod netns;
pub mod pages;
pub mod picture;
pub mod proxy;
pub mod pty;
pub mod sshd;
pub mod users;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A home folder, an sf folder, and nothing else of the machine but its programs.
pub struct Sandbox {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
}

/// What a run of `sf` said.
#[must_use]
#[derive(Debug)]
pub struct Said {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Sandbox {
    /// A new one, with a short path: sockets lie in it.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("sf-t").tempdir_in("/tmp").expect("a temporary folder");
        for name in ["home", "sf"] {
            std::fs::create_dir(dir.path().join(name)).expect("made");
        }
        Self { dir, env: Vec::new() }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `$HOME`.
    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// `$SF_HOME`.
    pub fn sf_home(&self) -> PathBuf {
        self.path().join("sf")
    }

    /// Sets a variable for every later run.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.env.push((name.into(), value.into()));
    }

    /// A program in the sealed environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        #[expect(clippy::disallowed_methods, reason = "tests start programs")]
        let mut command = Command::new(program);
        #[expect(clippy::disallowed_methods, reason = "programs are found on the machine's PATH")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.home())
            .env("SF_HOME", self.sf_home())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("SHELL", "/bin/sh")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
                [(format!("GIT_{who}_NAME"), "Dev"), (format!("GIT_{who}_EMAIL"), "dev@example.org")]
            }))
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .current_dir(self.home())
            .stdin(Stdio::null());
        command
    }

    /// `sf` in the sealed environment.
    pub fn sf_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_sf"));
        command.args(args);
        command
    }

    /// Runs `sf`.
    pub fn sf(&self, args: &[&str]) -> Said {
        Said::of(self.sf_command(args))
    }

    /// Runs `sf … --json`; it must succeed.
    pub fn json(&self, args: &[&str]) -> Value {
        // In front: behind `--` it would be a word of a command.
        let said = self.sf(&[&["--json"], args].concat());
        assert_eq!(said.status, 0, "sf {args:?}: {said:?}");
        said.json()
    }

    /// Runs `sf` with something on standard input.
    pub fn sf_with_input(&self, args: &[&str], input: &str) -> Said {
        use std::io::Write;
        let mut command = self.sf_command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("started");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("read");
        Said::from(child.wait_with_output().expect("ended"))
    }

    /// Runs a shell script in the sealed environment; it must succeed. Gives its standard output.
    pub fn sh(&self, script: &str) -> String {
        let mut command = self.command("/bin/sh");
        command.args(["-euc", script]);
        let said = Said::of(command);
        assert_eq!(said.status, 0, "{script}: {said:?}");
        said.stdout
    }

    /// Makes a bare repository `repos/<name>.git` with one commit on `main`; gives its path.
    pub fn bare_repo(&self, name: &str) -> String {
        let dir = self.path().join("repos");
        self.sh(&format!(
            "mkdir -p {dir}; cd {dir}; git init -q -b main {name}; cd {name}; \
             echo {name} > README.md; git add .; git commit -qm 'Begin {name}'; cd ..; \
             git clone -q --bare {name} {name}.git; rm -rf {name}",
            dir = dir.display()
        ));
        dir.join(format!("{name}.git")).display().to_string()
    }
}

impl Drop for Sandbox {
    /// Ends the sessions that a test left running and the links that were kept warm; only ours are
    /// known here.
    fn drop(&mut self) {
        sshd::end_masters(&self.sf_home().join("run"));
        if self.sf_home().join("lock/daemon.json").exists() {
            let _ = self.sf(&["daemon", "stop"]);
        }
        if !self.sf_home().join("state.db").exists() {
            return;
        }
        let listed = self.sf(&["session", "list", "--json"]);
        let Ok(Value::Array(rows)) = serde_json::from_str(&listed.stdout) else { return };
        for row in rows.iter().filter(|r| r["state"] != "exited" && r["state"] != "lost") {
            if let Some(id) = row["id"].as_str() {
                let _ = self.sf(&["session", "stop", id, "--force"]);
            }
        }
    }
}

impl Said {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        Self::from(command.output().expect("started"))
    }

    /// Standard output as one JSON document.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Standard output as JSON lines.
    pub fn lines(&self) -> Vec<Value> {
        let line = |l: &str| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l:?} in {self:?}"));
        self.stdout.lines().map(line).collect()
    }
}

impl From<std::process::Output> for Said {
    fn from(output: std::process::Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self {
            status: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Waits until something holds; `what` names it when it never does. Looks every few milliseconds:
/// between looks it waits on a channel that nobody sends to.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    #[expect(clippy::disallowed_methods, reason = "a test's own deadline")]
    let start = Instant::now();
    let (_quiet, pause) = std::sync::mpsc::sync_channel::<()>(0);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain for: {what}");
        let _ = pause.recv_timeout(Duration::from_millis(20));
    }
}
