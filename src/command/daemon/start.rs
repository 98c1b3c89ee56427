//! `daemon start`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::status::Daemon;
use crate::engine::service::daemon::{Desk, Log, Record};
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::{At, Code, Error, Result};
use crate::sys::{files, proc};

/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often is looked whether it is.
const LOOK: Duration = Duration::from_millis(10);

/// Start capturing in the background; it goes on after the caller has ended.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct DaemonStart {}

impl Command for DaemonStart {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = Daemon;

    async fn run(self, cx: &Ctx) -> Result<Done<Daemon>> {
        if Record::of_running(&cx.paths).is_some() || cx.options.dry_run {
            return Ok(Daemon::now(&cx.paths, false).into());
        }
        cx.paths.create()?;
        let ended = spawn(cx)?;
        let ready = async {
            let mut look = tokio::time::interval(LOOK);
            loop {
                look.tick().await;
                // Of two that are started at once one ends again, and the other one is the daemon.
                match Record::of_running(&cx.paths) {
                    Some(record) if !record.watching.is_empty() => return Ok(()),
                    None if ended.load(Ordering::Relaxed) && Desk::is_free(&cx.paths)? => {
                        return Err(failed(cx));
                    }
                    _ => {}
                }
            }
        };
        let patience = cx.options.timeout.unwrap_or(PATIENCE);
        tokio::time::timeout(patience, ready).await.unwrap_or_else(|_| {
            Err(Error::new(Code::Timeout, "the daemon is not ready").hint("`sf daemon logs` says why"))
        })?;
        Ok(Daemon::now(&cx.paths, true).into())
    }
}

fn failed(cx: &Ctx) -> Error {
    Error::tool("the daemon has ended at once").hint(format!("see {}", Log::path(&cx.paths).display()))
}

/// Starts the process; the flag is raised when it has ended.
fn spawn(cx: &Ctx) -> Result<Arc<AtomicBool>> {
    let program = proc::own_program()?;
    let mut command = proc::blocking_command(&program);
    command.env_clear().envs(cx.env.vars()).current_dir("/");
    if let Some(home) = cx.paths.home() {
        command.arg("--home").arg(home);
    }
    // Whatever it says before it can write to its log, or as it breaks.
    command.args(["daemon", "run", "--detached"]).stderr(files::append(&Log::path(&cx.paths))?);
    let mut child = command.spawn().at(program.display())?;
    let ended = Arc::new(AtomicBool::new(false));
    let flag = ended.clone();
    // Somebody has to collect it, should we (as the cockpit does) live longer.
    let collect = move || {
        let _ = child.wait();
        flag.store(true, Ordering::Relaxed);
    };
    std::thread::Builder::new().name("daemon-wait".into()).spawn(collect)?;
    Ok(ended)
}
