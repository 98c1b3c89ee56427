//! `session send`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::live::screen::keys::Chord;
use crate::model::{HostName, LiveId};

/// Type into a session.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionSend {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// What to type (words are joined by blanks); after `--` it may begin with a dash.
    #[arg(value_name = "TEXT")]
    #[serde(default)]
    pub text: Vec<String>,
    /// Press Enter afterwards.
    #[arg(long)]
    #[serde(default)]
    pub enter: bool,
    /// Read TEXT as keys: ctrl-c, enter, up, shift-tab, alt-x, f5.
    #[arg(long)]
    #[serde(default)]
    pub keys: bool,
    /// Also when the program asks something.
    #[arg(long)]
    #[serde(default)]
    pub force: bool,
}

/// Where it was typed.
#[derive(Clone, Debug, Serialize)]
pub struct Sent {
    /// The session.
    pub id: LiveId,
    /// Its host.
    pub host: HostName,
}

impl Command for SessionSend {
    const TOUCH: Touch = Touch::Writes;
    type Output = Sent;

    async fn run(self, cx: &Ctx) -> Result<Done<Sent>> {
        if self.text.is_empty() && !self.enter {
            return Err(Error::usage("nothing to type").hint("give TEXT, or --enter"));
        }
        let names = self.text.iter().flat_map(|word| word.split_whitespace()).map(str::to_owned);
        let keys: Vec<String> = if self.keys { names.collect() } else { Vec::new() };
        keys.iter().try_for_each(|name| name.parse::<Chord>().map(drop))?;
        let text = if self.keys { String::new() } else { self.text.join(" ") };
        let found = self.id.find(cx).await?;
        let sent = Sent { id: found.id.clone(), host: found.host.name().clone() };
        if !cx.options.dry_run {
            let send = json!({
                "id": found.id, "text": text, "keys": keys, "enter": self.enter, "force": self.force,
            });
            found.host.call("live.send", send).await?;
        }
        Ok(sent.into())
    }
}
