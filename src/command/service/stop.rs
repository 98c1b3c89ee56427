//! `service stop`

use serde::{Deserialize, Serialize};

use super::ask::{Serviced, ask};
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Stop the service until the next login.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceStop {
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for ServiceStop {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Serviced>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Serviced>>> {
        ask(cx, &self.hosts, "stop").await
    }
}
