//! `pause`: what `/sf-pause` and `/sf-resume` run, inside of a session.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Session;
use super::share::give;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::quantity::Dur;

/// Share the session that this runs in, or with --end take it back. For /sf-pause and /sf-resume.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Pause {
    /// Take it back.
    #[arg(long)]
    pub end: bool,
    /// How long it lasts [default: 1h].
    #[arg(long = "for", value_name = "DUR")]
    #[serde(rename = "for")]
    pub lasts: Option<Dur>,
    /// They may look, not type.
    #[arg(long)]
    pub read_only: bool,
}

impl Command for Pause {
    const TOUCH: Touch = Touch::Writes;
    type Output = Value;

    async fn run(self, cx: &Ctx) -> Result<Done<Value>> {
        let id = cx.env.get("SF_SESSION").ok_or_else(|| {
            Error::refused("this does not run inside of a session of sf").hint("outside: sf session share ID")
        })?;
        let found = Session(id.to_owned()).find(cx).await?;
        if self.end {
            let ask = serde_json::json!({ "id": found.id });
            found.host.call("live.unshare", ask).await?;
            return Ok(serde_json::json!({ "id": found.id, "shared": false }).into());
        }
        // Whoever typed /sf-pause has said yes by that.
        let lasts = self.lasts.unwrap_or(Dur(std::time::Duration::from_secs(3600)));
        let given = give(cx, &found, lasts, self.read_only, 1).await?;
        Ok(serde_json::to_value(given)?.into())
    }
}
