//! `worktree log`

use serde::{Deserialize, Serialize};

use super::one::{One, Told};
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
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

impl Command for WorktreeLog {
    const TOUCH: Touch = Touch::Reads;
    type Output = Told<Log>;

    async fn run(self, cx: &Ctx) -> Result<Done<Told<Log>>> {
        let at = self.one.open(cx).await?;
        let what = log(at.machine.as_ref(), at.root.as_deref(), &at.unit, self.limit).await?;
        Ok(at.told(what))
    }
}
