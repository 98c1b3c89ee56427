//! Real repositories, sealed off from the git settings of whoever runs the tests.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use session_forge::sys::proc::blocking_command;

/// Variables that seal git off.
pub const SEALED: [(&str, &str); 7] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_AUTHOR_NAME", "Dev"),
    ("GIT_AUTHOR_EMAIL", "dev@example.invalid"),
    ("GIT_COMMITTER_NAME", "Dev"),
    ("GIT_COMMITTER_EMAIL", "dev@example.invalid"),
    ("LC_ALL", "C"),
];

/// Runs git in a folder; its output without the last line break.
pub fn git(dir: &Path, args: &[&str]) -> String {
    let out = blocking_command("git")
        .arg("-C")
        .arg(dir)
        .args(args)
        .envs(SEALED)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("git runs");
    assert!(
        out.status.success(),
        "git {args:?} in {}: {}",
        dir.display(),
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).expect("UTF-8").trim_end().to_owned()
}

/// A bare repository that is cloned from, and a clone to push from.
pub struct Upstream {
    pub bare: PathBuf,
    pub work: PathBuf,
}

impl Upstream {
    /// Makes it with one commit on `main`.
    pub fn new(below: &Path, name: &str) -> Self {
        let up = Self { bare: below.join(format!("{name}.git")), work: below.join(format!("{name}-work")) };
        std::fs::create_dir_all(below).expect("made");
        let (bare, work) = (up.url(), up.work.display().to_string());
        git(below, &["init", "-q", "--bare", "-b", "main", &bare]);
        git(below, &["init", "-q", "-b", "main", &work]);
        git(&up.work, &["remote", "add", "origin", &bare]);
        up.push("README", name, "main");
        up
    }

    pub fn url(&self) -> String {
        self.bare.display().to_string()
    }

    /// Commits a file on the branch that is checked out and pushes it as `branch`.
    pub fn push(&self, file: &str, text: &str, branch: &str) {
        commit(&self.work, file, text);
        git(&self.work, &["push", "-q", "origin", &format!("HEAD:refs/heads/{branch}")]);
    }

    /// Replaces the history of `main`.
    pub fn rewrite(&self) {
        git(&self.work, &["commit", "-q", "--amend", "-m", "rewritten"]);
        git(&self.work, &["push", "-q", "--force", "origin", "HEAD:refs/heads/main"]);
    }
}

/// Commits one file.
pub fn commit(dir: &Path, file: &str, text: &str) {
    std::fs::write(dir.join(file), text).expect("written");
    git(dir, &["add", file]);
    git(dir, &["commit", "-q", "-m", &format!("change {file}")]);
}
