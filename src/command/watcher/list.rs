//! `watcher list`

use serde::{Deserialize, Serialize};

use crate::engine::service::health;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::health::Health;

/// List the tools that can be captured, where each keeps its sessions, and how capturing them goes.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct WatcherList {}

impl Command for WatcherList {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<Health>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Health>>> {
        let rows = health::look(&cx.store, &cx.env).await?;
        Ok(rows.into())
    }
}
