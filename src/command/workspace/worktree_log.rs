//! `worktree log`

use serde::{Deserialize, Serialize};

use super::one::One;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::{FeatureName, HostName, RepoName};
use crate::workspace::Unit;
use crate::workspace::log::{Log, log};

/// Show the commits of a worktree, newest first: those of its own, and which of them are pushed.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct WorktreeLog {
    /// Which.
    #[command(flatten)]
    #[serde(flatten)]
    pub one: One,
    /// How many commits.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    #[serde(default = "fifty")]
    pub limit: u32,
}

const fn fifty() -> u32 {
    50
}

/// What was committed.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// The host.
    pub host: HostName,
    /// The commits.
    #[serde(flatten)]
    pub log: Log,
}

impl Command for WorktreeLog {
    const TOUCH: Touch = Touch::Reads;
    type Output = Shown;

    async fn run(self, cx: &Ctx) -> Result<Done<Shown>> {
        let (feature, repo, host) = self.one.find(cx).await?;
        let root = cx.store.host(&host).await?.root;
        let machine = cx.host(&host).await?;
        let unit = Unit::new(&feature, &repo);
        let log = log(machine.as_ref(), root.as_deref(), &unit, self.limit).await?;
        Ok(Shown { feature: feature.name, repo: repo.name, host, log }.into())
    }
}
