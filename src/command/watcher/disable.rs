//! `watcher disable`

use serde::{Deserialize, Serialize};

use crate::config::settings;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::ToolId;

/// Leave a tool alone: neither `capture` nor the daemon reads it.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct WatcherDisable {
    /// The tool.
    #[arg(value_name = "TOOL")]
    pub tool: ToolId,
}

/// A tool's switch.
#[derive(Debug, Serialize)]
pub struct Switched {
    tool: ToolId,
    enabled: bool,
    changed: bool,
}

impl Command for WatcherDisable {
    const TOUCH: Touch = Touch::Writes;
    type Output = Switched;

    async fn run(self, cx: &Ctx) -> Result<Done<Switched>> {
        let changed = settings::disable(&cx.paths, self.tool, true, cx.options.dry_run)?;
        Ok(Switched { tool: self.tool, enabled: false, changed }.into())
    }
}
