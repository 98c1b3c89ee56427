//! Host calls about letting others in, and what is linked to a session.
//!
//! | call | parameters | answer |
//! | --- | --- | --- |
//! | `live.share` | `{id, for_ms, read_only, uses}` | [`Gated`] |
//! | `live.unshare` | `{id}` | `null` |
//! | `live.adopt` | `{gate, token}` | a stream as that of `live.open` |
//! | `live.log` | `{since}` | `[`[`Step`]`]` |

use serde::{Deserialize, Serialize};

use super::{ANSWER, Side, blocking};
use crate::error::{Error, Result};
use crate::live::audit::{self, Step};
use crate::live::client::{Peer, Said};
use crate::live::share::{self, Gate};
use crate::model::{LiveId, Time};
use crate::sys::random;
use crate::sys::socket::Socket;
use crate::wire::holder::{Kind, Share, Take};

/// What opens the gate of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gated {
    /// The gate.
    pub gate: Gate,
    /// The secret, which only the link holds.
    pub token: String,
}

/// The parameters of `live.share`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Terms {
    for_ms: u64,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    uses: u32,
}

/// The parameters of `live.adopt`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Adopt {
    gate: Gate,
    token: String,
}

/// The parameters of `live.log`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    since: Option<Time>,
}

impl Side {
    /// Opens the gate of a session; one that is open already is closed first.
    pub(super) async fn share(&self, id: &LiveId, terms: Terms) -> Result<Gated> {
        let (gate, token) = (Gate::new()?, random::hex(16)?);
        let share = Share {
            gate: gate.clone().into(),
            digest: share::digest(&token),
            for_ms: terms.for_ms,
            read_only: terms.read_only,
            uses: terms.uses,
        };
        self.ask(id, Kind::Share, &share, ANSWER).await?;
        Ok(Gated { gate, token })
    }

    pub(super) async fn unshare(&self, id: &LiveId) -> Result<()> {
        self.ask(id, Kind::Unshare, &serde_json::Value::Null, ANSWER).await.map(drop)
    }

    /// Goes through the gate of somebody else's session.
    pub(super) async fn adopt(&self, adopt: Adopt) -> Result<Socket> {
        let closed = || {
            Error::refused("this link does not let you in: nobody is at its gate (expired, or taken back)")
                .hint("ask for a new one")
        };
        let stream = Socket::connect(adopt.gate.socket()).await.map_err(|_| closed())?;
        let take = async {
            let mut peer = Peer::new(stream);
            match peer.ask(Kind::Take, &Take { token: adopt.token }).await? {
                Said::Done => Ok(peer.into_stream()),
                _ => Err(closed()),
            }
        };
        tokio::time::timeout(ANSWER, take).await.map_err(|_| closed())?
    }

    pub(super) async fn log(&self, asked: Asked) -> Result<Vec<Step>> {
        let file = self.audit.clone();
        blocking(move || audit::read(&file, asked.since)).await
    }
}
