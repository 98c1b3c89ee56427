//! `daemon run`

use serde::{Deserialize, Serialize};

use crate::engine::service::daemon;
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Capture what AI tools record, in the foreground, until interrupted: what a service runs.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct DaemonRun {
    /// Leave the session of whoever called.
    #[arg(long, hide = true)]
    pub detached: bool,
}

impl Command for DaemonRun {
    const TOUCH: Touch = Touch::Reads;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = ();

    async fn run(self, cx: &Ctx) -> Result<Done<()>> {
        if self.detached {
            // Fails only if we lead a session already, which is just as well.
            let _ = rustix::process::setsid();
        }
        daemon::serve(cx).await?;
        Ok(().into())
    }
}
