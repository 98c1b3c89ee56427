//! `daemon stop`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::status::Daemon;
use crate::engine::service::daemon::{Desk, Record};
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::{Error, Result};
use crate::sys::proc;

/// How long it may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// Stop capturing in the background.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct DaemonStop {}

impl Command for DaemonStop {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = Daemon;

    async fn run(self, cx: &Ctx) -> Result<Done<Daemon>> {
        let Some(record) = Record::of_running(&cx.paths) else {
            return Ok(Daemon::now(&cx.paths, false).into());
        };
        if cx.options.dry_run {
            return Ok(Daemon::now(&cx.paths, false).into());
        }
        let gone = async {
            let mut look = tokio::time::interval(LOOK);
            while !Desk::is_free(&cx.paths)? {
                look.tick().await;
            }
            Ok::<(), Error>(())
        };
        proc::terminate(record.pid)?;
        let patience = cx.options.timeout.unwrap_or(PATIENCE);
        match tokio::time::timeout(patience, gone).await {
            Ok(gone) => gone?,
            // What it was writing is finished, or cut off, by the next capture.
            Err(_) => proc::end(record.pid)?,
        }
        Ok(Daemon::now(&cx.paths, true).into())
    }
}
