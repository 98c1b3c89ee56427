//! `hooks list`

use serde::{Deserialize, Serialize};

use super::ask::{Hooked, Which, ask};
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Show which AI tools have sf's hooks and commands, and in which files.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct HooksList {
    /// Which tools of which hosts.
    #[command(flatten)]
    #[serde(flatten)]
    pub which: Which,
}

impl Command for HooksList {
    const TOUCH: Touch = Touch::Reads;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Hooked>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Hooked>>> {
        ask(cx, &self.which, "list").await
    }
}
