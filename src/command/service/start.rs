//! `service start`

use serde::{Deserialize, Serialize};

use super::ask::{Serviced, ask};
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Start the service.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceStart {
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for ServiceStart {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Serviced>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Serviced>>> {
        ask(cx, &self.hosts, "start").await
    }
}
