//! `worktree diff`

use serde::{Deserialize, Serialize};

use super::one::One;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::{FeatureName, HostName, RepoName};
use crate::workspace::Unit;
use crate::workspace::diff::{Differences, diff};

/// Show what differs in a worktree: staged, not staged, and committed since its base.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct WorktreeDiff {
    /// Which.
    #[command(flatten)]
    #[serde(flatten)]
    pub one: One,
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
        let (feature, repo, host) = self.one.find(cx).await?;
        let root = cx.store.host(&host).await?.root;
        let machine = cx.host(&host).await?;
        let differences = diff(machine.as_ref(), root.as_deref(), &Unit::new(&feature, &repo)).await?;
        Ok(Shown { feature: feature.name, repo: repo.name, host, differences }.into())
    }
}
