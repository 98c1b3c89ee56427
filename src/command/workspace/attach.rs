//! `attach`

use serde::{Deserialize, Serialize};

use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::{FeatureName, HostName, RepoName};

/// Want a worktree of a repository for a feature; `sync` makes it.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Attach {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// On which hosts; this machine by default.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

/// What is wanted now.
#[derive(Debug, Serialize)]
pub struct Attached {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// Every host that has (or will have) a worktree of it.
    pub hosts: Vec<HostName>,
    /// How many of them are new.
    pub added: usize,
}

impl Command for Attach {
    const TOUCH: Touch = Touch::Writes;
    type Output = Attached;

    async fn run(self, cx: &Ctx) -> Result<Done<Attached>> {
        let feature = cx.store.feature(&self.feature).await?;
        cx.store.repo(&self.repo).await?;
        let picked = self.hosts.resolve(cx, &[HostName::local()]).await?;
        let attached = feature.repos.into_iter().find(|repo| repo.repo == self.repo);
        let mut hosts = attached.map(|repo| repo.hosts).unwrap_or_default();
        let new: Vec<HostName> =
            picked.into_iter().map(|host| host.name).filter(|name| !hosts.contains(name)).collect();
        if !cx.options.dry_run {
            cx.store.attach(&self.feature, &self.repo, &new).await?;
        }
        let added = new.len();
        hosts.extend(new);
        hosts.sort();
        Ok(Attached { feature: self.feature, repo: self.repo, hosts, added }.into())
    }
}
