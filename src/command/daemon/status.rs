//! `daemon status`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::service::daemon::{Log, Record, Watched};
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::Time;
use crate::sys::Paths;

/// Show whether the background capture runs, and what it watches.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct DaemonStatus {}

/// The background capture.
#[derive(Debug, Serialize)]
pub struct Daemon {
    /// Whether it runs.
    pub running: bool,
    /// Whether this command made it start or stop.
    pub changed: bool,
    pid: Option<u32>,
    started: Option<Time>,
    version: Option<String>,
    last_capture: Option<Time>,
    log: PathBuf,
    watching: Vec<Watched>,
}

impl Daemon {
    /// As it is now.
    pub fn now(paths: &Paths, changed: bool) -> Self {
        let record = Record::of_running(paths);
        Self {
            running: record.is_some(),
            changed,
            pid: record.as_ref().map(|r| r.pid),
            started: record.as_ref().map(|r| r.started),
            version: record.as_ref().map(|r| r.version.clone()),
            last_capture: record.as_ref().and_then(|r| r.last_capture),
            log: Log::path(paths),
            watching: record.map(|r| r.watching).unwrap_or_default(),
        }
    }
}

impl Command for DaemonStatus {
    const TOUCH: Touch = Touch::Reads;
    type Output = Daemon;

    async fn run(self, cx: &Ctx) -> Result<Done<Daemon>> {
        Ok(Daemon::now(&cx.paths, false).into())
    }
}
