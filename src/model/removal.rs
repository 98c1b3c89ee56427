//! What removing work would lose, and what became of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{FeatureName, HostName, RepoName};
use crate::error::Error;

/// What would be lost with a worktree (or an anchor). Empty when nothing would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Losses {
    /// Tracked files that are changed or staged.
    pub uncommitted: BTreeSet<String>,
    /// Files that git does not know.
    pub untracked: BTreeSet<String>,
    /// Files and folders that git ignores and that cannot simply be made again.
    pub ignored: BTreeSet<String>,
    /// Commits that are nowhere else, `<short id> <subject>`, newest first.
    pub unpushed: Vec<String>,
    /// Stashes made on the branch, in git's words.
    pub stashes: Vec<String>,
    /// Sessions that run there, by id and name.
    pub sessions: Vec<String>,
}

impl Losses {
    /// Whether nothing would be lost.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything, a line each.
    pub fn lines(&self) -> Vec<String> {
        let sets =
            [("uncommitted", &self.uncommitted), ("untracked", &self.untracked), ("ignored", &self.ignored)];
        let lists = [
            ("unpushed commit", &self.unpushed),
            ("stash", &self.stashes),
            ("running session", &self.sessions),
        ];
        let of_sets =
            sets.into_iter().flat_map(|(kind, set)| set.iter().map(move |x| format!("{kind}: {x}")));
        let of_lists =
            lists.into_iter().flat_map(|(kind, list)| list.iter().map(move |x| format!("{kind}: {x}")));
        of_sets.chain(of_lists).collect()
    }
}

/// Something that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The host.
    pub host: HostName,
    /// The repository.
    pub repo: RepoName,
    /// The feature whose worktree it was; `None` for an anchor.
    pub feature: Option<FeatureName>,
    /// Where it was.
    pub path: Option<String>,
    /// Its entry in the trash of that host; `None` when there was nothing to keep.
    pub trash: Option<String>,
}

/// Something that was left where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The host.
    pub host: HostName,
    /// The repository; `None` when the host did not answer.
    pub repo: Option<RepoName>,
    /// The feature whose worktree it is; `None` for an anchor.
    pub feature: Option<FeatureName>,
    /// Where it is.
    pub path: Option<String>,
    /// What would be lost with it.
    pub losses: Losses,
    /// Why it was left.
    pub error: Error,
}

/// The result of `feature destroy`, `detach` and `repo remove`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// What was removed (with `--dry-run`: would be).
    pub removed: Vec<Removed>,
    /// What was left.
    pub kept: Vec<Kept>,
}
