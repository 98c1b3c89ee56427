//! Repositories, features, worktrees, and the report of a sync.

use serde::{Deserialize, Serialize};

use super::{FeatureName, HostName, RepoName, Time};
use crate::error::Error;

/// A repository as the user added it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repo {
    /// What we call it.
    pub name: RepoName,
    /// Anything that `git clone` takes.
    pub url: String,
    /// The branch that features start from; `None` is the remote's default branch.
    pub base: Option<String>,
    /// How it is cloned, and what a new worktree of it needs.
    #[serde(default)]
    pub options: RepoOptions,
}

/// How a repository is cloned, and what a new worktree of it needs before one can work in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RepoOptions {
    /// `git clone --filter`: `blob:none`, `tree:0`, `blob:limit=1m`.
    pub filter: Option<String>,
    /// A repository on the host whose objects are copied instead of fetched, where it is there.
    pub reference: Option<String>,
    /// Whether submodules are checked out, too.
    pub submodules: bool,
    /// A command for `/bin/sh` that is run once in a new worktree.
    pub setup: Option<String>,
    /// Files of the host that are copied into a new worktree: `FROM[:TO]`.
    pub copy: Vec<String>,
    /// The same as symbolic links.
    pub link: Vec<String>,
}

impl RepoOptions {
    /// Whether a new worktree needs anything.
    pub fn wants_setup(&self) -> bool {
        self.submodules || self.setup.is_some() || !self.copy.is_empty() || !self.link.is_empty()
    }
}

/// A piece of work that spans repositories and hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// What we call it.
    pub name: FeatureName,
    /// Its branch in every repository: `feat/<name>` unless chosen otherwise.
    pub branch: String,
    /// Overrides the base of every repository.
    pub base: Option<String>,
    /// What is attached, by repository.
    pub repos: Vec<Attachment>,
}

/// A repository of a feature, with the hosts that have a worktree of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The repository.
    pub repo: RepoName,
    /// The hosts.
    pub hosts: Vec<HostName>,
}

/// A row of `worktree list`: one worktree on one host, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worktree {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// The host.
    pub host: HostName,
    /// The absolute path on the host; `None` while nothing is known of the host.
    pub path: Option<String>,
    /// The branch that is checked out; `None` when detached or missing.
    pub branch: Option<String>,
    /// Commits that the base or upstream lacks.
    pub ahead: Option<u32>,
    /// Commits that the branch lacks.
    pub behind: Option<u32>,
    /// Files that are changed, staged or untracked.
    pub dirty: Option<u32>,
    /// Stashes of the repository.
    pub stashed: Option<u32>,
    /// Subject of the last commit.
    pub last_commit: Option<String>,
    /// When that commit was made.
    pub last_commit_at: Option<Time>,
    /// Whether the worktree is there.
    pub present: bool,
    /// What is wrong with it, in words.
    pub error: Option<Error>,
}

/// What sync did to an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorChange {
    /// It was cloned.
    Created,
    /// A fetch brought something.
    Updated,
    /// Nothing new.
    Unchanged,
}

/// What sync did to a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BranchChange {
    /// It was made from the base.
    Created,
    /// It was on the remote and is tracked now.
    Tracked,
    /// It was there.
    Unchanged,
}

/// What sync did to a worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorktreeChange {
    /// It was made.
    Created,
    /// It was there.
    Unchanged,
}

/// One repository of one host in a [`SyncReport`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRepo {
    /// The repository.
    pub repo: RepoName,
    /// The worktree's absolute path on the host.
    pub path: Option<String>,
    /// The anchor; `None` when it failed before.
    pub anchor: Option<AnchorChange>,
    /// The branch.
    pub branch: Option<BranchChange>,
    /// The worktree.
    pub worktree: Option<WorktreeChange>,
    /// Commits that the base or upstream lacks.
    pub ahead: Option<u32>,
    /// Commits that the branch lacks.
    pub behind: Option<u32>,
    /// Files that are changed, staged or untracked.
    pub dirty: Option<u32>,
    /// What was found and left alone, in words: uncommitted files, a base that was rewritten, ….
    pub notes: Vec<String>,
    /// Why this repository failed.
    pub error: Option<Error>,
}

/// One host of one feature in a [`SyncReport`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncHost {
    /// The host.
    pub host: HostName,
    /// Whether everything on it went well.
    pub ok: bool,
    /// Why the host failed as a whole.
    pub error: Option<Error>,
    /// Its repositories.
    pub repos: Vec<SyncRepo>,
}

/// One feature in a [`SyncReport`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncFeature {
    /// The feature.
    pub feature: FeatureName,
    /// Its hosts.
    pub hosts: Vec<SyncHost>,
}

/// The result of `sync`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// Every feature that was asked for.
    pub features: Vec<SyncFeature>,
}
