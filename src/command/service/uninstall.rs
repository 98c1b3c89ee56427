//! `service uninstall`

use serde::{Deserialize, Serialize};

use super::ask::{Serviced, ask};
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Stop the service and remove it; what was captured stays.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceUninstall {
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for ServiceUninstall {
    const TOUCH: Touch = Touch::Destroys;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Serviced>;

    fn asks(&self) -> Option<String> {
        Some("This stops the service and removes its unit. Go on?".to_owned())
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Serviced>>> {
        ask(cx, &self.hosts, "uninstall").await
    }
}
