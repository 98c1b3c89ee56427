//! `session screen`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::Result;
use crate::model::live::ScreenText;

/// Print a session's screen as text; of one that has ended, the last.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionScreen {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// With colours, as escape sequences.
    #[arg(long)]
    #[serde(default)]
    pub ansi: bool,
    /// Lines in front that have left the screen, 1000 at most.
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[serde(default)]
    pub scrollback: u32,
}

impl Command for SessionScreen {
    const TOUCH: Touch = Touch::Reads;
    type Output = ScreenText;

    async fn run(self, cx: &Ctx) -> Result<Done<ScreenText>> {
        let found = self.id.find(cx).await?;
        let query = json!({ "id": found.id, "ansi": self.ansi, "scrollback": self.scrollback });
        let text: ScreenText = serde_json::from_value(found.host.call("live.screen", query).await?)?;
        Ok(text.into())
    }
}
