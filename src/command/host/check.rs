//! `host check`

use serde::{Deserialize, Serialize};

use crate::command::args::{HostPick, Hosts};
use crate::engine::fan::{fan, verdict};
use crate::engine::{Command, Ctx, Deadline, Done, Origin, Touch};
use crate::error::{Code, Error, Result};
use crate::fleet::probe::{self, Versions};
use crate::model::HostName;
use crate::model::host::{Host, HostState, HostStatus};

/// Measure hosts, all at once: answer time, load, memory, disk, git, tools, agent, sessions.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct HostCheck {
    /// The hosts [default: all].
    #[serde(default)]
    pub names: Vec<HostName>,
    /// The same as an option.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for HostCheck {
    const TOUCH: Touch = Touch::Reads;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<HostStatus>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<HostStatus>>> {
        let mut picks = self.hosts;
        picks.hosts.extend(self.names.into_iter().map(HostPick::One));
        if picks.is_empty() {
            picks.hosts.push(HostPick::All);
        }
        let hosts = picks.resolve(cx, &[]).await?;
        let known = cx.store.hosts().await?;
        let by_name = |name: &HostName| hosts.iter().find(|h| h.name == *name).cloned();
        // The cockpit looks every few seconds, and nobody waits for a new version.
        let versions = if cx.origin == Origin::Ui { Versions::Left } else { Versions::Asked };
        let fanned = fan(cx, &hosts, |machine| {
            let host = by_name(machine.name());
            async move {
                let host = host.ok_or_else(|| Error::internal("a host that was not asked"))?;
                probe::probe(machine.as_ref(), &host, versions).await
            }
        });
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        for answer in fanned.await {
            let last = known.iter().find(|(host, _)| host.name == answer.host.name).map(|(_, status)| status);
            let mut row = match answer.result {
                Ok(probe) => probe.status,
                Err(error) => {
                    let row = down(&answer.host, last, &error);
                    failures.push((answer.host.name.to_string(), error));
                    row
                }
            };
            let before = last.filter(|last| last.state == row.state).and_then(|last| last.since);
            row.since = before.or_else(|| Some(cx.clock.now()));
            if !cx.options.dry_run {
                cx.store.save_host_status(row.clone()).await?;
            }
            rows.push(row);
        }
        let error = verdict(failures.iter().map(|(name, error)| (name.as_str(), error)));
        Ok(Done::with(rows, error))
    }
}

/// The row of a host that did not answer: what it is stays, how it fares is unknown.
fn down(host: &Host, last: Option<&HostStatus>, error: &Error) -> HostStatus {
    let last = last.cloned().unwrap_or_else(|| HostStatus::unknown(host));
    HostStatus {
        state: if error.code == Code::Unreachable { HostState::Down } else { HostState::Unknown },
        rtt_ms: None,
        load1: None,
        mem_used_pct: None,
        disk_free_bytes: None,
        live: None,
        error: Some(error.message.clone()),
        ..last
    }
}
