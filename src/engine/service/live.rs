//! Keeps what is known of live sessions up to date while somebody watches: each host tells its list
//! again whenever it changes.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::error::{Code, Error, Result};
use crate::fleet::Fleet;
use crate::fleet::probe::{self, Versions};
use crate::model::HostName;
use crate::model::host::{Host, HostState, HostStatus};
use crate::model::live::Live;
use crate::model::snapshot::Snapshot;
use crate::store::Store;

/// How soon a host is asked again after its stream ended, doubled up to the longest.
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// How often a host that is followed is measured.
const BEAT: Duration = Duration::from_secs(60);
const WITHOUT: Duration = Duration::from_secs(300);

/// Follows this machine and, with `links`, every host that answered when it was last asked; goes
/// with the picture, so that hosts that are added or come up are followed too. Ends with the picture.
pub(in crate::engine) async fn follow(
    store: Store,
    fleet: Fleet,
    mut pictures: watch::Receiver<Snapshot>,
    links: bool,
) {
    let mut followed: HashMap<HostName, (String, AbortHandle)> = HashMap::new();
    let mut tasks = JoinSet::new();
    loop {
        let wanted: Vec<Host> = {
            let picture = pictures.borrow_and_update();
            let up = picture.hosts.iter().filter(|h| links && h.state == HostState::Up && !h.name.is_local());
            let host = |h: &HostStatus| Host {
                name: h.name.clone(),
                target: h.target.clone(),
                root: h.root.clone(),
            };
            up.map(host).chain([Host::local()]).collect()
        };
        followed.retain(|name, (target, task)| {
            let stays = wanted.iter().any(|h| h.name == *name && h.target == *target);
            if !stays {
                task.abort();
            }
            stays
        });
        for host in wanted {
            if !followed.contains_key(&host.name) {
                let (name, target) = (host.name.clone(), host.target.clone());
                let task = tasks.spawn(keep_on(store.clone(), fleet.clone(), host));
                followed.insert(name, (target, task));
            }
        }
        // Tasks end only when they are aborted above.
        while tasks.try_join_next().is_some() {}
        if pictures.changed().await.is_err() {
            return;
        }
    }
}

/// Follows one host for ever.
async fn keep_on(store: Store, fleet: Fleet, host: Host) {
    let mut pause = AGAIN;
    loop {
        let mut told = false;
        let error = match one(&store, &fleet, &host, &mut told).await {
            Ok(()) => Error::unreachable("the host has hung up"),
            Err(error) => error,
        };
        tracing::debug!("sessions of `{}`: {error}", host.name);
        pause = match error.code {
            _ if told => AGAIN,
            Code::Unsupported => WITHOUT,
            _ => (pause * 2).min(LONGEST),
        };
        tokio::time::sleep(pause).await;
    }
}

async fn one(store: &Store, fleet: &Fleet, host: &Host, told: &mut bool) -> Result<()> {
    let machine = fleet.host(host);
    let stream = machine.open("live.watch", json!({})).await?;
    let mut lines = BufReader::new(stream).lines();
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            _ = beat.tick() => {
                // Load, memory and disk, for whoever watches. A host that does not answer hangs up by
                // itself.
                if let Ok(probe) = probe::probe(machine.as_ref(), host, Versions::Left).await {
                    store.save_host_status(probe.status).await?;
                }
                continue;
            }
        };
        let Some(line) = line else { return Ok(()) };
        let mut rows: Vec<Live> = serde_json::from_str(&line)?;
        rows.iter_mut().for_each(|row| row.host = host.name.clone());
        store.save_live(&host.name, rows, true).await?;
        *told = true;
    }
}
