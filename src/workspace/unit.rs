//! One wanted worktree: a repository of a feature on a host, and the shell variables that every
//! script about it begins with.

use crate::fleet::sh::{folder, quote};
use crate::model::workspace::{Feature, Repo};
use crate::model::{FeatureName, HostName};

/// A wanted worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its feature.
    pub feature: FeatureName,
    /// Its branch.
    pub branch: String,
    /// The branch that it starts from; `None` is the remote's default branch.
    pub base: Option<String>,
    /// Its repository.
    pub repo: Repo,
}

impl Unit {
    /// The worktree of a repository in a feature: the feature's base counts before the repository's.
    pub fn new(feature: &Feature, repo: &Repo) -> Self {
        Self {
            feature: feature.name.clone(),
            branch: feature.branch.clone(),
            base: feature.base.clone().or_else(|| repo.base.clone()),
            repo: repo.clone(),
        }
    }

    /// Whether one of these features has it on that host.
    pub(super) fn is_wanted(&self, features: &[Feature], host: &HostName) -> bool {
        let attached = features.iter().filter(|feature| feature.name == self.feature).flat_map(|f| &f.repos);
        attached.filter(|a| a.repo == self.repo.name).any(|a| a.hosts.contains(host))
    }

    /// The variables of the worktree, after those of [`of_repo`]. session-forge 0.1.x made its
    /// worktrees below the anchor (git took its relative path so); one that is there is ours, too.
    pub(super) fn variables(&self, root: Option<&str>) -> String {
        let (feature, branch) = (quote(self.feature.as_str()), quote(&self.branch));
        let base = quote(self.base.as_deref().unwrap_or(""));
        of_repo(&self.repo, root)
            + &format!(
                "F={feature} B={branch} b={base}\nW=\"$R/features/$F/$N\" below=\"$A/features/$F/$N\"\n"
            )
            + "[ -e \"$W\" ] || [ -L \"$W\" ] || [ ! -e \"$below/.git\" ] || W=$below\n"
    }
}

/// The variables of a repository: root `R`, name `N`, URL `U`, anchor `A`, its git folder `G`.
///
/// Anchors are bare; one that another program made may have a working tree of its own.
pub(super) fn of_repo(repo: &Repo, root: Option<&str>) -> String {
    let (root, name, url) = (folder(root), quote(repo.name.as_str()), quote(&repo.url));
    format!(
        "R={root}\nN={name} U={url}\nA=\"$R/repo-cache/$N.anchor\" G=\"$R/repo-cache/$N.anchor\"\n\
         [ -e \"$A/.git\" ] && G=\"$A/.git\"\ng() {{ git --git-dir=\"$G\" \"$@\"; }}\n"
    )
}

/// The lines of an answer as key and value.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().map(|line| line.split_once(' ').unwrap_or((line, "")))
}
