//! `watcher list`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::tool;
use crate::transcript::health::{self, Health};

/// List the tools that can be captured, where each keeps its sessions, and how capturing them goes.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct WatcherList {}

impl Command for WatcherList {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<Health>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Health>>> {
        let tallies = cx.store.capture_tallies(&crate::model::HostName::local()).await?;
        let (env, disabled) = (cx.env.clone(), cx.settings.capture.disabled.clone());
        let look = move || {
            let rows = tool::all().iter().map(|tool| {
                let tally = tallies.get(&tool.id()).copied().unwrap_or_default();
                health::look(*tool, &env, !disabled.contains(&tool.id()), tally)
            });
            rows.collect::<Vec<_>>()
        };
        let rows = tokio::task::spawn_blocking(look)
            .await
            .map_err(|e| Error::internal(format!("looking at the tools ended early: {e}")))?;
        Ok(rows.into())
    }
}
