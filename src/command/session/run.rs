//! `run`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::place::{self, Place};
use crate::command::args::Hosts;
use crate::engine::contract::Stream;
use crate::engine::{Ctx, Opened, Touch};
use crate::error::{Error, Result};
use crate::model::HostName;
use crate::model::quantity::Grid;
use crate::sys::tty;

/// Start a program in a session and attach this terminal to it; Ctrl-] detaches.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
    /// In which folder, as what.
    #[command(flatten)]
    #[serde(flatten)]
    pub place: Place,
    /// The program and its arguments [default: the tool].
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    pub command: Vec<String>,
}

impl Stream for Run {
    const TOUCH: Touch = Touch::Writes;

    async fn open(self, cx: &Ctx) -> Result<Opened> {
        let hosts = self.hosts.resolve(cx, &[HostName::local()]).await?;
        let [host] = hosts.as_slice() else {
            return Err(Error::usage("`run` attaches to one session: name one host"));
        };
        let size = tty::size().map_or(cx.settings.session.size, |(cols, rows)| Grid { cols, rows });
        let spec = self.place.spec(cx, host, &self.command, size).await?;
        let live = place::start(cx, host, &spec).await?;
        if let Some(text) = self.place.first_prompt(cx)? {
            place::prompt(cx, &live, &text).await?;
        }
        let io = cx.host(&host.name).await?.open("live.open", json!({ "id": live.id })).await?;
        let sizes = cx.settings.session.sizes;
        Ok(Opened { id: live.id, host: host.name.clone(), io, read_only: false, sizes })
    }
}
