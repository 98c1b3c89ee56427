//! `worktree diff`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::{FeatureName, HostName, RepoName};
use crate::workspace::Unit;
use crate::workspace::diff::{Differences, diff};

/// Show what differs in a worktree: staged, not staged, and committed since its base.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct WorktreeDiff {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// The host [default: this machine, else the only one that has it].
    #[arg(long, value_name = "NAME")]
    #[serde(default)]
    pub host: Option<HostName>,
}

/// What differs.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// The host.
    pub host: HostName,
    /// The differences.
    #[serde(flatten)]
    pub differences: Differences,
}

impl Command for WorktreeDiff {
    const TOUCH: Touch = Touch::Reads;
    type Output = Shown;

    async fn run(self, cx: &Ctx) -> Result<Done<Shown>> {
        let feature = cx.store.feature(&self.feature).await?;
        let repo = cx.store.repo(&self.repo).await?;
        let attached = feature.repos.iter().find(|a| a.repo == self.repo);
        let hosts = attached.map(|a| a.hosts.clone()).unwrap_or_default();
        let host = match (self.host, hosts.as_slice()) {
            (Some(host), _) => host,
            (None, [only]) => only.clone(),
            (None, _) => HostName::local(),
        };
        if !hosts.contains(&host) {
            let text = format!(
                "repository `{}` is not attached to feature `{}` on `{host}`",
                self.repo, self.feature
            );
            return Err(Error::not_found(text)
                .hint(format!("sf attach {} {} --hosts {host}", self.feature, self.repo)));
        }
        let root = cx.store.host(&host).await?.root;
        let machine = cx.host(&host).await?;
        let differences = diff(machine.as_ref(), root.as_deref(), &Unit::new(&feature, &repo)).await?;
        Ok(Shown { feature: self.feature, repo: self.repo, host, differences }.into())
    }
}
