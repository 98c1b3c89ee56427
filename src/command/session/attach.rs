//! `session attach`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use crate::engine::contract::Stream;
use crate::engine::{Ctx, Opened, Touch};
use crate::error::Result;

/// Give this terminal to a session; Ctrl-] leaves, and pressed twice goes to the program.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionAttach {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// Only look: nothing is typed, and the session keeps its size.
    #[arg(long)]
    #[serde(default)]
    pub read_only: bool,
}

impl Stream for SessionAttach {
    const TOUCH: Touch = Touch::Reads;

    async fn open(self, cx: &Ctx) -> Result<Opened> {
        let found = self.id.find(cx).await?;
        let io = found.host.open("live.open", json!({ "id": found.id })).await?;
        let sizes = cx.settings.session.sizes;
        Ok(Opened { id: found.id, host: found.host.name().clone(), io, read_only: self.read_only, sizes })
    }
}
