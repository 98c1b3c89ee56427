//! `host remove`

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::HostName;

/// Forget a host; nothing on it is touched. Refuses while a feature has a worktree there.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct HostRemove {
    /// The host.
    pub name: HostName,
}

/// What was forgotten.
#[derive(Debug, Serialize)]
pub struct Removed {
    /// The host.
    pub host: HostName,
    /// Whether it was (with `--dry-run`: would be) forgotten.
    pub removed: bool,
}

impl Command for HostRemove {
    const TOUCH: Touch = Touch::Destroys;
    type Output = Removed;

    fn asks(&self) -> Option<String> {
        Some(format!("Forget host `{}`? Nothing on it is touched.", self.name))
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Removed>> {
        if self.name.is_local() {
            return Err(Error::usage("`local` is this machine, and cannot be removed"));
        }
        cx.store.host(&self.name).await?;
        if !cx.options.dry_run {
            cx.store.remove_host(&self.name).await?;
        }
        Ok(Removed { host: self.name, removed: true }.into())
    }
}
