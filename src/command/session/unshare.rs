//! `session unshare`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::{HostName, LiveId};

/// Take a session back: the link ends, and who came in by it is sent out at once.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionUnshare {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
}

/// What was taken back.
#[derive(Clone, Debug, Serialize)]
pub struct Unshared {
    /// The session.
    pub id: LiveId,
    /// Its host.
    pub host: HostName,
}

impl Command for SessionUnshare {
    const TOUCH: Touch = Touch::Writes;
    type Output = Unshared;

    async fn run(self, cx: &Ctx) -> Result<Done<Unshared>> {
        let found = self.id.find(cx).await?;
        if !cx.options.dry_run {
            found.host.call("live.unshare", json!({ "id": found.id })).await?;
        }
        Ok(Unshared { id: found.id.clone(), host: found.host.name().clone() }.into())
    }
}
