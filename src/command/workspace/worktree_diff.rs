//! `worktree diff`

use serde::{Deserialize, Serialize};

use super::one::{One, Told};
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::workspace::diff::{Differences, diff};

/// Show what differs in a worktree: staged, not staged, and committed since its base.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct WorktreeDiff {
    /// Which.
    #[command(flatten)]
    #[serde(flatten)]
    pub one: One,
}

impl Command for WorktreeDiff {
    const TOUCH: Touch = Touch::Reads;
    type Output = Told<Differences>;

    async fn run(self, cx: &Ctx) -> Result<Done<Told<Differences>>> {
        let at = self.one.open(cx).await?;
        let what = diff(at.machine.as_ref(), at.root.as_deref(), &at.unit).await?;
        Ok(at.told(what))
    }
}
