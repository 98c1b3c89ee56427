//! `host list`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::host::HostStatus;

/// List the hosts with what is last known of them; asks none (`host check` does).
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct HostList {}

impl Command for HostList {
    const TOUCH: Touch = Touch::Reads;
    type Output = Vec<HostStatus>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<HostStatus>>> {
        let hosts = cx.store.hosts().await?;
        Ok(hosts.into_iter().map(|(_, status)| status).collect::<Vec<_>>().into())
    }
}
