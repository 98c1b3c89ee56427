//! `session share`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use super::find::Found;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::live::serve::Gated;
use crate::live::share::Link;
use crate::model::quantity::Dur;
use crate::model::{LiveId, Time};
use crate::sys::proc;

/// Let a colleague take a session over: prints a link and an ssh line, good for one use.
///
/// Whoever has the link, with any account on the host, has the same terminal. It ends when its time is
/// over, or with `session unshare`; who is in is then sent out.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionShare {
    /// The session: id, beginning of one, name, or @last.
    pub id: Session,
    /// How long it lasts.
    #[arg(long = "for", value_name = "DUR", default_value = "1h")]
    #[serde(rename = "for", default = "hour")]
    pub lasts: Dur,
    /// They may look, not type.
    #[arg(long)]
    #[serde(default)]
    pub read_only: bool,
    /// How often the link may be used, by the same user.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    #[serde(default = "once")]
    pub uses: u32,
}

const fn once() -> u32 {
    1
}

const fn hour() -> Dur {
    Dur(std::time::Duration::from_secs(3600))
}

/// What a colleague is given.
#[derive(Clone, Debug, Serialize)]
pub struct Given {
    /// The session.
    pub id: LiveId,
    /// The link, for `sf session adopt` in their own sf.
    pub link: String,
    /// The line for their shell.
    pub command: String,
    /// When it ends.
    pub expires: Time,
    /// They may only look.
    pub read_only: bool,
    /// How often it may be used.
    pub uses: u32,
}

impl Command for SessionShare {
    const TOUCH: Touch = Touch::Writes;
    type Output = Given;

    fn asks(&self) -> Option<String> {
        let what = if self.read_only { "see" } else { "type into" };
        Some(format!("Whoever gets the link can {what} session `{}`, as you. Share it?", self.id.0))
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Given>> {
        let found = self.id.find(cx).await?;
        if cx.options.dry_run {
            return Err(Error::usage("there is no dry run of a link"));
        }
        Ok(give(cx, &found, self.lasts, self.read_only, self.uses).await?.into())
    }
}

/// Opens the gate of a session.
///
/// # Errors
/// Those of the host call.
pub(super) async fn give(cx: &Ctx, found: &Found, lasts: Dur, read_only: bool, uses: u32) -> Result<Given> {
    let for_ms = u64::try_from(lasts.0.as_millis()).unwrap_or(u64::MAX);
    let ask = json!({ "id": found.id, "for_ms": for_ms, "read_only": read_only, "uses": uses });
    let gated: Gated = serde_json::from_value(found.host.call("live.share", ask).await?)?;
    let target = cx.store.host(found.host.name()).await?.target;
    let host = if found.host.name().is_local() { proc::node_name() } else { address(&target) };
    let link = Link { host: host.clone(), id: found.id.clone(), gate: gated.gate, token: gated.token };
    Ok(Given {
        id: found.id.clone(),
        command: format!(
            "ssh -t {} sf session adopt '{link}'",
            ssh(&target, &host, found.host.name().is_local())
        ),
        link: link.to_string(),
        expires: cx.clock.now().plus_ms(i64::try_from(for_ms).unwrap_or(i64::MAX)),
        read_only,
        uses,
    })
}

/// The machine in an ssh target: they have an account of their own.
fn address(target: &str) -> String {
    let bare = target.strip_prefix("ssh://").unwrap_or(target);
    let bare = bare.rsplit_once('@').map_or(bare, |(_, host)| host);
    bare.split('/').next().unwrap_or(bare).to_owned()
}

fn ssh(target: &str, host: &str, local: bool) -> String {
    if !local && target.starts_with("ssh://") { format!("ssh://{host}") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_has_no_user() {
        for (target, wanted) in
            [("gpu-01", "gpu-01"), ("me@gpu-01", "gpu-01"), ("ssh://me@gpu-01:2222/", "gpu-01:2222")]
        {
            assert_eq!(address(target), wanted);
        }
        assert_eq!(ssh("ssh://me@g:22", "g:22", false), "ssh://g:22");
    }
}
