//! `hooks install`

use serde::{Deserialize, Serialize};

use super::ask::{Hooked, Which, ask};
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::Result;

/// Let the AI tools tell sf what they do, and give them /sf-pause and /sf-resume.
///
/// A hook reports and never answers: it prints nothing and always succeeds, and does nothing at all
/// outside of sessions of sf. Files that sf did not write are not overwritten.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct HooksInstall {
    /// Which tools of which hosts.
    #[command(flatten)]
    #[serde(flatten)]
    pub which: Which,
}

impl Command for HooksInstall {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Hooked>;

    fn asks(&self) -> Option<String> {
        Some("This adds hooks and commands to the settings of the AI tools. Go on?".to_owned())
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Hooked>>> {
        ask(cx, &self.which, "install").await
    }
}
