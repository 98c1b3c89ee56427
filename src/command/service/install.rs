//! `service install`

use serde::{Deserialize, Serialize};

use super::ask::{Serviced, ask};
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Install the background capture as a service of the user, and start it.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceInstall {
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for ServiceInstall {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Serviced>;

    fn asks(&self) -> Option<String> {
        Some("This writes a unit of your service manager and starts it. Go on?".to_owned())
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Serviced>>> {
        ask(cx, &self.hosts, "install").await
    }
}
