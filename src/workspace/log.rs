//! The commits of a worktree: which are its own, and which of those are nowhere else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::tree;
use super::unit::Unit;
use crate::error::{Error, Result};
use crate::fleet::{Host, Step};
use crate::model::Time;

/// Commits, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Where the worktree is.
    pub path: Option<String>,
    /// What is checked out; `None` when detached.
    pub branch: Option<String>,
    /// The branch that it started from.
    pub base: Option<String>,
    /// The commits.
    pub commits: Vec<Commit>,
    /// Whether there are more than these.
    pub more: bool,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its full id.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Option<Time>,
    /// Whether the base does not have it.
    pub own: bool,
    /// Whether a branch of the remote has it, as of the last fetch.
    pub pushed: bool,
    /// Files that it changes; `None` for a merge.
    pub files: Option<u32>,
    /// Lines that are new.
    pub added: Option<u32>,
    /// Lines that are gone.
    pub deleted: Option<u32>,
}

/// Between the fields of a commit; git writes it as it is, and no name or subject has it.
const UNIT: char = '\u{1f}';

/// Looks at a worktree's commits.
///
/// # Errors
/// `not_found` when it is not there; when the host cannot be asked.
pub async fn log(host: &dyn Host, root: Option<&str>, unit: &Unit, limit: u32) -> Result<Log> {
    let step = |what: &str| Step {
        script: format!("{}{}cd \"$W\" || exit 1\n{what}\n", unit.variables(root), tree::refs()),
        lane: 0,
    };
    let steps = vec![
        Step { script: tree::observe(unit, root), lane: 0 },
        step(&format!(
            "git rev-parse --verify -q HEAD >/dev/null || exit 0\n\
             git log --no-color --no-show-signature --shortstat -n {} --format='commit %H%x1f%ct%x1f%an%x1f%s' HEAD",
            limit.saturating_add(1)
        )),
        step("[ -z \"$base\" ] || git rev-list HEAD \"^$base\""),
        step("git rev-list HEAD --not --remotes=origin"),
    ];
    let outputs = host.steps(steps, 1).await?;
    let [seen, commits, own, lonely] = outputs.as_slice() else {
        return Err(Error::internal("a step without an answer"));
    };
    let seen = tree::there(&seen.stdout, unit, host.name())?;
    if commits.status != 0 {
        return Err(super::lock::failure(commits));
    }
    let mut commits = read(&commits.stdout, &set(&own.stdout), &set(&lonely.stdout));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = commits.len() > limit;
    commits.truncate(limit);
    Ok(Log { path: seen.path, branch: seen.head, base: seen.base, commits, more })
}

fn set(lines: &str) -> BTreeSet<&str> {
    lines.lines().collect()
}

/// Reads `git log --shortstat`: below each commit, unless it is a merge, a line of its numbers.
fn read(text: &str, own: &BTreeSet<&str>, lonely: &BTreeSet<&str>) -> Vec<Commit> {
    let mut commits: Vec<Commit> = Vec::new();
    for line in text.lines() {
        if let Some(fields) = line.strip_prefix("commit ") {
            let fields: Vec<&str> = fields.splitn(4, UNIT).collect();
            let [id, at, author, subject] = fields.as_slice() else { continue };
            commits.push(Commit {
                id: (*id).to_owned(),
                subject: (*subject).to_owned(),
                author: (*author).to_owned(),
                at: at.parse::<i64>().ok().map(|at| Time(at.saturating_mul(1_000))),
                own: own.contains(id),
                pushed: !lonely.contains(id),
                files: None,
                added: None,
                deleted: None,
            });
        } else if let Some(commit) = commits.last_mut().filter(|_| line.starts_with(' ')) {
            for part in line.split(',') {
                let Some((number, word)) = part.trim().split_once(' ') else { continue };
                let number = number.parse().ok();
                match word {
                    _ if word.starts_with("file") => {
                        (commit.files, commit.added, commit.deleted) = (number, Some(0), Some(0));
                    }
                    _ if word.starts_with("insertion") => commit.added = number,
                    _ if word.starts_with("deletion") => commit.deleted = number,
                    _ => {}
                }
            }
        }
    }
    commits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commits_are_read_with_their_numbers() {
        let text = "commit 1f\u{1f}1700000000\u{1f}Dev\u{1f}fix: a, b\n\n 2 files changed, 3 insertions(+), 1 deletion(-)\n\
                    commit 2e\u{1f}1600000000\u{1f}Ann\u{1f}\ncommit 3d\u{1f}1\u{1f}B\u{1f}x\n\n 1 file changed, 1 deletion(-)\n";
        let commits = read(text, &set("1f\n2e\n"), &set("1f\n"));
        assert_eq!(commits[0].subject, "fix: a, b");
        assert_eq!((commits[0].files, commits[0].added, commits[0].deleted), (Some(2), Some(3), Some(1)));
        assert!(commits[0].own && !commits[0].pushed && commits[1].own && commits[1].pushed);
        assert_eq!((commits[1].files, commits[2].added, commits[2].deleted), (None, Some(0), Some(1)));
        assert!(!commits[2].own);
    }

    proptest! {
        #[test]
        fn any_log_is_read(text in "(commit [0-9a-f\u{1f} ]{0,20}\n?|  ?[0-9a-z, ]{0,20}\n){0,6}") {
            let _ = read(&text, &BTreeSet::new(), &BTreeSet::new());
        }
    }
}
