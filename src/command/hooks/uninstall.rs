//! `hooks uninstall`

use serde::{Deserialize, Serialize};

use super::ask::{Hooked, Which, ask};
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Remove sf's hooks and commands from the AI tools; everything else in their files stays.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct HooksUninstall {
    /// Which tools of which hosts.
    #[command(flatten)]
    #[serde(flatten)]
    pub which: Which,
}

impl Command for HooksUninstall {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Hooked>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Hooked>>> {
        ask(cx, &self.which, "uninstall").await
    }
}
