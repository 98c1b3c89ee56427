//! `feature show`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::FeatureName;
use crate::model::workspace::{Feature, Worktree};

/// Show a feature with what is last known of its worktrees; asks no host (`worktree list` does).
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct FeatureShow {
    /// The feature.
    pub name: FeatureName,
}

/// What `feature show` prints.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The row of `feature list`.
    #[serde(flatten)]
    pub feature: Feature,
    /// Its worktrees as they were last seen.
    pub worktrees: Vec<Worktree>,
}

impl Command for FeatureShow {
    const TOUCH: Touch = Touch::Reads;
    type Output = Shown;

    async fn run(self, cx: &Ctx) -> Result<Done<Shown>> {
        let feature = cx.store.feature(&self.name).await?;
        let mut worktrees = cx.store.worktrees().await?;
        worktrees.retain(|tree| tree.feature == feature.name);
        Ok(Shown { feature, worktrees }.into())
    }
}
