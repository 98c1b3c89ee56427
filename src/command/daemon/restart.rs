//! `daemon restart`

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Stop the background capture if it runs, and start it: with new settings, or another version.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct DaemonRestart {}

impl Command for DaemonRestart {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = Value;

    async fn run(self, cx: &Ctx) -> Result<Done<Value>> {
        cx.call("daemon stop", json!({})).await?;
        cx.call("daemon start", json!({})).await
    }
}
