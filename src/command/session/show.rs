//! `session show`

use serde::{Deserialize, Serialize};

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::live::serve::Shown;

/// Show one live session.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionShow {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
}

impl Command for SessionShow {
    const TOUCH: Touch = Touch::Reads;
    type Output = Shown;

    async fn run(self, cx: &Ctx) -> Result<Done<Shown>> {
        Ok(self.id.find(cx).await?.show(cx).await?.into())
    }
}
