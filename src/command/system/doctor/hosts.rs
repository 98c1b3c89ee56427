//! What the hosts lack, and the command that mends it.

use std::time::Duration;

use super::Check;
use crate::engine::Ctx;
use crate::engine::fan::fan;
use crate::error::{Error, Result};
use crate::fleet::bootstrap;
use crate::fleet::probe::{self, Probe, Versions};
use crate::model::Time;
use crate::model::host::Host;

/// How long a host may take to answer; one that is down is a line here, not a wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// Below this, the next clone may well fail: 1 GiB.
const ROOM: u64 = 1 << 30;

/// Clocks that differ by more make times of sessions and locks hard to understand: a minute.
const APART: i64 = 60_000;

/// Every host answers, and has what sf needs there: one check for all, and one for each that lacks something.
pub(super) async fn hosts(cx: &Ctx) -> Vec<Check> {
    look(cx).await.unwrap_or_else(|error| vec![Check::warn("hosts", error.to_string())])
}

async fn look(cx: &Ctx) -> Result<Vec<Check>> {
    let known = cx.store.hosts().await?;
    let hosts: Vec<Host> = known.into_iter().map(|(host, _)| host).filter(|h| !h.name.is_local()).collect();
    if hosts.is_empty() {
        return Ok(vec![Check::ok("hosts", "none but this machine; `sf host add` adds one")]);
    }
    let answers = fan(cx, &hosts, |machine| {
        let host = hosts.iter().find(|h| h.name == *machine.name());
        async move {
            let host = host.ok_or_else(|| Error::internal("a host that was not asked"))?;
            tokio::time::timeout(PATIENCE, probe::probe(machine.as_ref(), host, Versions::Left))
                .await
                .unwrap_or_else(|_| {
                    Err(Error::unreachable(format!("no answer within {} s", PATIENCE.as_secs())))
                })
        }
    });
    let mut checks = Vec::new();
    for answer in answers.await {
        let lacks = match answer.result {
            Ok(probe) => missing(&answer.host, &probe, cx.clock.now()),
            Err(error) => {
                let hint = error.hints.first().map_or(String::new(), |hint| format!(" ({hint})"));
                vec![format!("{}{hint}", error.message)]
            }
        };
        if !lacks.is_empty() {
            checks.push(Check::warn(format!("host {}", answer.host.name), lacks.join("; ")));
        }
    }
    let whole = match checks.len() {
        0 => Check::ok("hosts", format!("{} answer, with git and sf", hosts.len())),
        n => Check::warn("hosts", format!("{n} of {} lack something", hosts.len())),
    };
    checks.insert(0, whole);
    Ok(checks)
}

/// What a host that answers lacks.
fn missing(host: &Host, probe: &Probe, now: Time) -> Vec<String> {
    let (name, status) = (&host.name, &probe.status);
    let mut lacks = Vec::new();
    match status.git.as_deref().map(version) {
        None => lacks.push(format!(
            "no git there (`ssh {} sudo apt-get install git`, or as its system has it)",
            host.target
        )),
        Some(found) if found < (2, 25) => {
            lacks.push(format!(
                "git {} is too old, 2.25 is needed: a newer one in front on the login's PATH is enough",
                status.git.as_deref().unwrap_or("?")
            ));
        }
        Some(_) => {}
    }
    match status.agent.as_deref() {
        None => lacks.push(format!("no sf there (`sf bootstrap --hosts {name}`)")),
        Some(theirs) if theirs != env!("CARGO_PKG_VERSION") => {
            let upgrade =
                if bootstrap::is_newer(theirs, env!("CARGO_PKG_VERSION")) { " --upgrade" } else { "" };
            lacks.push(format!("sf {theirs} there (`sf bootstrap --hosts {name}{upgrade}`)"));
        }
        Some(_) => {}
    }
    if let Some(free) = status.disk_free_bytes.filter(|free| *free < ROOM) {
        lacks.push(format!("{} MB of disk are left", free / 1_000_000));
    }
    if !probe.writable {
        let root = host.root.as_deref().unwrap_or("~");
        lacks.push(format!("`{root}` there cannot be written (`sf host add --root` names another)"));
    }
    if let Some(theirs) = probe.clock.filter(|theirs| now.until(*theirs).abs() > APART) {
        let seconds = now.until(theirs) / 1_000;
        let (amount, word) = (seconds.abs(), if seconds > 0 { "ahead" } else { "behind" });
        lacks.push(format!(
            "its clock is {amount} s {word} (`ssh {} sudo timedatectl set-ntp true`)",
            host.target
        ));
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

    #[test]
    fn what_is_missing_is_named_with_its_command() {
        let host = Host { name: "gpu".parse().expect("a name"), target: "dev@gpu".into(), root: None };
        let mut probe = Probe::unknown(&host);
        let now = Time(1_000_000_000_000);
        probe.status.disk_free_bytes = Some(5_000_000);
        let lacks = missing(&host, &probe, now).join("\n");
        for wanted in ["no git there", "`sf bootstrap --hosts gpu`", "5 MB"] {
            assert!(lacks.contains(wanted), "{lacks}");
        }
        probe.status.git = Some("2.24.9".into());
        probe.status.agent = Some("0.0.1".into());
        let lacks = missing(&host, &probe, now).join("\n");
        assert!(lacks.contains("git 2.24.9 is too old") && lacks.contains("sf 0.0.1 there"), "{lacks}");
        probe.status.git = Some("2.39.2".into());
        probe.status.agent = Some(env!("CARGO_PKG_VERSION").into());
        probe.status.disk_free_bytes = None;
        probe.clock = Some(now.plus_ms(30_000));
        assert!(missing(&host, &probe, now).is_empty());
        (probe.clock, probe.writable) = (Some(now.plus_ms(-7_200_000)), false);
        let lacks = missing(&host, &probe, now).join("\n");
        assert!(lacks.contains("7200 s behind") && lacks.contains("`~` there cannot be written"), "{lacks}");
    }
}
