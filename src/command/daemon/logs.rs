//! `daemon logs`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::service::daemon::Log;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::sys::files;

/// Show what the background capture did last.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct DaemonLogs {
    /// How many lines.
    #[arg(long, default_value_t = 50, value_name = "N")]
    #[serde(default = "fifty")]
    pub lines: usize,
}

const fn fifty() -> usize {
    50
}

/// The end of the log.
#[derive(Debug, Serialize)]
pub struct Logs {
    path: PathBuf,
    lines: Vec<String>,
}

impl Command for DaemonLogs {
    const TOUCH: Touch = Touch::Reads;
    type Output = Logs;

    async fn run(self, cx: &Ctx) -> Result<Done<Logs>> {
        let path = Log::path(&cx.paths);
        // At most 1 MiB, see there.
        let bytes = files::read_if_any(&path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let all: Vec<&str> = text.lines().collect();
        let lines = all.iter().skip(all.len().saturating_sub(self.lines)).map(|line| (*line).to_owned());
        Ok(Logs { lines: lines.collect(), path }.into())
    }
}
