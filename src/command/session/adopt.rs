//! `session adopt`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Session;
use crate::engine::contract::Stream;
use crate::engine::{Ctx, Opened, Touch};
use crate::error::{Error, Result};
use crate::live::share::Link;
use crate::model::HostName;
use crate::model::host::Host;
use crate::sys::proc;

/// Take a session over by the link that a colleague gave, in this terminal; Ctrl-] leaves.
///
/// A session of your own, by id or name, is attached as `session attach` does.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct SessionAdopt {
    /// The link (in quotes), or a session of your own.
    #[arg(value_name = "LINK|ID")]
    pub what: String,
}

impl Stream for SessionAdopt {
    const TOUCH: Touch = Touch::Writes;

    async fn open(self, cx: &Ctx) -> Result<Opened> {
        let sizes = cx.settings.session.sizes;
        if !self.what.contains("://") {
            let found = Session(self.what).find(cx).await?;
            let io = found.host.open("live.open", json!({ "id": found.id })).await?;
            return Ok(Opened { id: found.id, host: found.host.name().clone(), io, read_only: false, sizes });
        }
        let link: Link = self.what.parse()?;
        let host = place(cx, &link).await?;
        let ask = json!({ "gate": link.gate, "token": link.token });
        let io = cx.host(&host).await?.open("live.adopt", ask).await?;
        Ok(Opened { id: link.id, host, io, read_only: false, sizes })
    }
}

/// The host of ours that the link means.
async fn place(cx: &Ctx, link: &Link) -> Result<HostName> {
    if link.gate.socket().exists() || link.host == proc::node_name() {
        return Ok(HostName::local());
    }
    let hosts: Vec<Host> = cx.store.hosts().await?.into_iter().map(|(host, _)| host).collect();
    let means = |host: &&Host| {
        let bare = host.target.strip_prefix("ssh://").unwrap_or(&host.target);
        let bare = bare.rsplit_once('@').map_or(bare, |(_, machine)| machine).trim_end_matches('/');
        bare == link.host || host.name.as_str() == link.host
    };
    hosts.iter().find(means).map(|host| host.name.clone()).ok_or_else(|| {
        Error::not_found(format!("none of your hosts is `{}`", link.host)).hint(format!(
            "sf host add NAME {0}, then once more; or: ssh -t {0} sf session adopt 'LINK'",
            link.host
        ))
    })
}
