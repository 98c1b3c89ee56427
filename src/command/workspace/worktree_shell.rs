//! `worktree shell`

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::one::One;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;

/// Open a login shell in a worktree, as a live session.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct WorktreeShell {
    /// Which.
    #[command(flatten)]
    #[serde(flatten)]
    pub one: One,
}

impl Command for WorktreeShell {
    const TOUCH: Touch = Touch::Writes;
    type Output = Value;

    async fn run(self, cx: &Ctx) -> Result<Done<Value>> {
        self.one.start(cx, SCRIPT).await
    }
}

const SCRIPT: &str = r#"exec "${SHELL:-/bin/sh}" -l"#;
