//! `service status`

use serde::{Deserialize, Serialize};

use super::ask::{Serviced, ask};
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Show whether the service is installed and runs.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceStatus {
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for ServiceStatus {
    const TOUCH: Touch = Touch::Reads;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Serviced>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Serviced>>> {
        ask(cx, &self.hosts, "status").await
    }
}
