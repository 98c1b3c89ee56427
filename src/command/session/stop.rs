//! `session stop`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::live::LiveState;
use crate::model::{HostName, LiveId};

/// End a session: HUP, TERM, then KILL to its process group.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionStop {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// KILL at once.
    #[arg(long)]
    #[serde(default)]
    pub force: bool,
}

/// How it ended.
#[derive(Clone, Debug, Serialize)]
pub struct Stopped {
    /// The session.
    pub id: LiveId,
    /// Its host.
    pub host: HostName,
    /// Its state now.
    pub state: LiveState,
    /// The exit status of its program; 128 + signal.
    pub exit_code: Option<i32>,
}

impl Command for SessionStop {
    const TOUCH: Touch = Touch::Writes;
    type Output = Stopped;

    async fn run(self, cx: &Ctx) -> Result<Done<Stopped>> {
        let found = self.id.find(cx).await?;
        let shown = if cx.options.dry_run {
            found.show(cx).await?
        } else {
            let stop = json!({ "id": found.id, "force": self.force });
            found.learn(cx, found.host.call("live.stop", stop).await?).await?
        };
        let live = shown.live;
        Ok(Stopped { id: live.id, host: live.host, state: live.state, exit_code: live.exit_code }.into())
    }
}
