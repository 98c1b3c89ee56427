//! What the hosts lack, and the command that mends it.

use std::time::Duration;

use super::Check;
use crate::engine::Ctx;
use crate::engine::fan::fan;
use crate::error::{Error, Result};
use crate::fleet::probe::{self, Probe};
use crate::model::host::Host;

/// How long a host may take to answer; one that is down is a line here, not a wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// Below this, the next clone may well fail: 1 GiB.
const ROOM: u64 = 1 << 30;

/// Every host answers, and has what sf needs there.
pub(super) async fn hosts(cx: &Ctx) -> Check {
    match look(cx).await {
        Ok(check) => check,
        Err(error) => Check::warn("hosts", error.to_string()),
    }
}

async fn look(cx: &Ctx) -> Result<Check> {
    let known = cx.store.hosts().await?;
    let hosts: Vec<Host> = known.into_iter().map(|(host, _)| host).filter(|h| !h.name.is_local()).collect();
    if hosts.is_empty() {
        return Ok(Check::ok("hosts", "none but this machine; `sf host add` adds one"));
    }
    let answers = fan(cx, &hosts, |machine| {
        let host = hosts.iter().find(|h| h.name == *machine.name());
        async move {
            let host = host.ok_or_else(|| Error::internal("a host that was not asked"))?;
            tokio::time::timeout(PATIENCE, probe::probe(machine.as_ref(), host)).await.unwrap_or_else(|_| {
                Err(Error::unreachable(format!("no answer within {} s", PATIENCE.as_secs())))
            })
        }
    });
    let mut lacks = Vec::new();
    for answer in answers.await {
        match answer.result {
            Ok(probe) => lacks.extend(missing(&answer.host, &probe)),
            Err(error) => {
                let hint = error.hints.first().map_or(String::new(), |hint| format!(" ({hint})"));
                lacks.push(format!("{}: {}{hint}", answer.host.name, error.message));
            }
        }
    }
    Ok(match lacks.is_empty() {
        true => Check::ok("hosts", format!("{} answer, with git and sf", hosts.len())),
        false => Check::warn("hosts", lacks.join("; ")),
    })
}

/// What a host that answers lacks.
fn missing(host: &Host, probe: &Probe) -> Vec<String> {
    let (name, status) = (&host.name, &probe.status);
    let mut lacks = Vec::new();
    match status.git.as_deref().map(version) {
        None => lacks.push(format!(
            "{name}: no git there (`ssh {} sudo apt-get install git`, or as its system has it)",
            host.target
        )),
        Some(found) if found < (2, 25) => {
            lacks.push(format!(
                "{name}: git {} is too old, 2.25 is needed",
                status.git.as_deref().unwrap_or("?")
            ));
        }
        Some(_) => {}
    }
    match status.agent.as_deref() {
        None => lacks.push(format!("{name}: no sf there (`sf bootstrap --hosts {name}`)")),
        Some(theirs) if theirs != env!("CARGO_PKG_VERSION") => {
            lacks.push(format!("{name}: sf {theirs} there (`sf bootstrap --hosts {name}`)"));
        }
        Some(_) => {}
    }
    if let Some(free) = status.disk_free_bytes.filter(|free| *free < ROOM) {
        lacks.push(format!("{name}: {} MB of disk are left", free / 1_000_000));
    }
    lacks
}

/// The first two numbers of a version.
fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::host::HostStatus;

    #[test]
    fn what_is_missing_is_named_with_its_command() {
        let host = Host { name: "gpu".parse().expect("a name"), target: "dev@gpu".into(), root: None };
        let mut probe = Probe { status: HostStatus::unknown(&host), program: None, hapi: false };
        probe.status.disk_free_bytes = Some(5_000_000);
        let lacks = missing(&host, &probe).join("\n");
        for wanted in ["no git there", "`sf bootstrap --hosts gpu`", "5 MB"] {
            assert!(lacks.contains(wanted), "{lacks}");
        }
        probe.status.git = Some("2.24.9".into());
        probe.status.agent = Some("0.0.1".into());
        let lacks = missing(&host, &probe).join("\n");
        assert!(lacks.contains("git 2.24.9 is too old") && lacks.contains("sf 0.0.1 there"), "{lacks}");
        probe.status.git = Some("2.39.2".into());
        probe.status.agent = Some(env!("CARGO_PKG_VERSION").into());
        probe.status.disk_free_bytes = None;
        assert!(missing(&host, &probe).is_empty());
    }
}
