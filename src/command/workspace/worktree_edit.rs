//! `worktree edit`

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::one::One;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;

/// Open the editor in a worktree, as a live session: `$VISUAL`, `$EDITOR`, else vim, vi or nano.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct WorktreeEdit {
    /// Which.
    #[command(flatten)]
    #[serde(flatten)]
    pub one: One,
}

impl Command for WorktreeEdit {
    const TOUCH: Touch = Touch::Writes;
    type Output = Value;

    async fn run(self, cx: &Ctx) -> Result<Done<Value>> {
        self.one.start(cx, SCRIPT).await
    }
}

/// The variables may hold arguments, too, and are those of the host. A program that is not there says so.
const SCRIPT: &str = r#"for e in "$VISUAL" "$EDITOR"; do [ -z "$e" ] || exec $e .; done
for e in vim vi nano; do command -v "$e" >/dev/null 2>&1 && exec "$e" .; done
echo "there is no editor on this host: EDITOR in its login profile names one"; exit 127"#;
