//! `session list`

use serde::{Deserialize, Serialize};

use super::find;
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch, verdict};
use crate::error::{Code, Error, Result};
use crate::model::host::Host;
use crate::model::live::{Live, LiveState};

/// List the live sessions of every host, or of those that are named.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionList {
    /// Which hosts; all unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for SessionList {
    const TOUCH: Touch = Touch::Reads;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Live>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Live>>> {
        let all: Vec<Host> = cx.store.hosts().await?.into_iter().map(|(host, _)| host).collect();
        let named = !self.hosts.is_empty();
        let hosts = if named { self.hosts.resolve(cx, &[]).await? } else { all };
        let (mut rows, mut failures) = (Vec::new(), Vec::<(String, Error)>::new());
        for answer in find::list(cx, &hosts).await? {
            match answer.result {
                Ok(listed) => rows.extend(listed),
                Err(error) => {
                    // What was last seen there is still worth something; nothing is known of its state.
                    let known = cx.store.live().await?.into_iter().filter(|row| row.host == answer.host.name);
                    rows.extend(known.map(|row| match row.state.lives() {
                        true => Live { state: LiveState::Unknown, ..row },
                        false => row,
                    }));
                    failures.push((answer.host.name.to_string(), error));
                }
            }
        }
        rows.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
        // A host without sf has no sessions of ours; nobody asked about it by name.
        let failures: Vec<_> =
            failures.into_iter().filter(|(_, e)| named || e.code != Code::Unsupported).collect();
        if named {
            return Ok(Done::with(
                rows,
                verdict(failures.iter().map(|(place, error)| (place.as_str(), error))),
            ));
        }
        for (host, error) in failures {
            cx.emit.notice(Level::Warn, format!("{host}: {error}")).await;
        }
        Ok(rows.into())
    }
}
