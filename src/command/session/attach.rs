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
}

impl Stream for SessionAttach {
    const TOUCH: Touch = Touch::Reads;

    async fn open(self, cx: &Ctx) -> Result<Opened> {
        let found = self.id.find(cx).await?;
        let io = found.host.open("live.open", json!({ "id": found.id })).await?;
        Ok(Opened { id: found.id, host: found.host.name().clone(), io })
    }
}
