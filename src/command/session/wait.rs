//! `session wait`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use super::find::Found;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::live::client::{self, Until};
use crate::model::LiveId;
use crate::model::live::{LiveState, ScreenText};

/// Wait until a session is idle, has ended, waits for its person, or shows a text.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionWait {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// idle, exit, waiting, or a text on its screen.
    #[arg(long = "for", value_name = "WHAT")]
    #[serde(rename = "for")]
    pub until: String,
}

/// What it came to.
#[derive(Clone, Debug, Serialize)]
pub struct Waited {
    /// The session.
    pub id: LiveId,
    /// Its state.
    pub state: LiveState,
    /// The exit status of its program, once it has ended.
    pub exit_code: Option<i32>,
}

impl Command for SessionWait {
    const TOUCH: Touch = Touch::Reads;
    type Output = Waited;

    async fn run(self, cx: &Ctx) -> Result<Done<Waited>> {
        let until: Until = self.until.parse()?;
        let found = self.id.find(cx).await?;
        let state = match found.host.open("live.open", json!({ "id": found.id })).await {
            Ok(io) => match client::wait(io, &until).await {
                Ok(state) => state,
                Err(error) => over(&found, cx, &until, error).await?,
            },
            Err(error) => over(&found, cx, &until, error).await?,
        };
        let exit_code = match state {
            LiveState::Exited => found.show(cx).await?.live.exit_code,
            _ => None,
        };
        Ok(Waited { id: found.id, state, exit_code }.into())
    }
}

/// Nobody could be asked, or not any more: if that is because the program has ended, it may be just
/// what was waited for.
async fn over(found: &Found, cx: &Ctx, until: &Until, error: Error) -> Result<LiveState> {
    let shown = found.show(cx).await?;
    match (until, shown.live.state) {
        (Until::Exit, LiveState::Exited) => Ok(LiveState::Exited),
        (Until::Text(words), LiveState::Exited) => {
            let query = json!({ "id": found.id, "scrollback": 1000 });
            let last: ScreenText = serde_json::from_value(found.host.call("live.screen", query).await?)?;
            let shows = last.lines.iter().any(|line| line.contains(words));
            if shows { Ok(LiveState::Exited) } else { Err(error) }
        }
        _ => Err(error),
    }
}
