//! `journal list`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::store::JournalRow;

/// List what was run and changed something, from any door, oldest first.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct JournalList {
    /// How many of the last ones.
    #[arg(long, default_value_t = 50, value_name = "N")]
    #[serde(default = "fifty")]
    pub last: u32,
}

const fn fifty() -> u32 {
    50
}

impl Command for JournalList {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<JournalRow>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<JournalRow>>> {
        Ok(cx.store.journal(self.last).await?.into())
    }
}
