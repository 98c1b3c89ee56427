//! `version`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::sys::proc;

/// Print version, platform and protocol.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct Version {}

/// What `version` prints.
#[derive(Debug, Serialize)]
pub struct VersionInfo {
    /// Of this program.
    pub version: &'static str,
    /// Operating system and architecture.
    pub target: String,
    /// The newest protocol that is spoken with hosts.
    pub protocol: u32,
}

/// The protocol of agent and holder.
const PROTOCOL: u32 = 1;

impl Command for Version {
    const TOUCH: Touch = Touch::Reads;
    type Output = VersionInfo;

    async fn run(self, _cx: &Ctx) -> Result<Done<VersionInfo>> {
        let (os, arch) = proc::platform();
        Ok(VersionInfo {
            version: env!("CARGO_PKG_VERSION"),
            target: format!("{}-{arch}", os.to_lowercase()),
            protocol: PROTOCOL,
        }
        .into())
    }
}
