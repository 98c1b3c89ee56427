//! `host show`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::host::HostStatus;
use crate::model::{FeatureName, HostName};

/// Show a host with what is last known of it, and the features that have worktrees there.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct HostShow {
    /// The host.
    pub name: HostName,
}

/// What `host show` prints.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The row of `host list`.
    #[serde(flatten)]
    pub status: HostStatus,
    /// Features with a worktree there.
    pub features: Vec<FeatureName>,
}

impl Command for HostShow {
    const TOUCH: Touch = Touch::Reads;
    type Output = Shown;

    async fn run(self, cx: &Ctx) -> Result<Done<Shown>> {
        cx.store.host(&self.name).await?;
        let hosts = cx.store.hosts().await?;
        let status = hosts.into_iter().map(|(_, status)| status).find(|status| status.name == self.name);
        let status = status.ok_or_else(|| Error::internal("a host without a row"))?;
        let features = cx.store.features().await?.into_iter();
        let there = features.filter(|f| f.repos.iter().any(|repo| repo.hosts.contains(&self.name)));
        Ok(Shown { status, features: there.map(|f| f.name).collect() }.into())
    }
}
