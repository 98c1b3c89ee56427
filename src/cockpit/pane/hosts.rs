//! Hosts: which answer, how much lives there, how loaded they are.

use super::{Filter, Paint};
use crate::cockpit::amount;
use crate::cockpit::list::Item;
use crate::cockpit::subject::Subject;
use crate::cockpit::table::{Cell, Column};
use crate::config::theme::Role;
use crate::model::host::{HostState, HostStatus};
use crate::model::snapshot::Snapshot;

pub(super) const COLUMNS: &[Column] = &[
    Column::new(),
    Column::new().grows(),
    Column::new().rank(4),
    Column::new().rank(5),
    Column::new().right().rank(2),
    Column::new().right().rank(3),
    Column::new().right().rank(1),
];

pub(super) fn items(data: &Snapshot, filter: &Filter) -> Vec<Item> {
    let item =
        |(i, host): (usize, &HostStatus)| Item { subject: Subject::Host(host.name.clone()), index: Some(i) };
    let lets = |host: &HostStatus| filter.lets(&format!("{} {}", host.name, host.target));
    data.hosts.iter().enumerate().filter(|(_, host)| lets(host)).map(item).collect()
}

/// The mark in front of a host.
pub fn mark(state: HostState) -> (&'static str, Role) {
    match state {
        HostState::Up => ("●", Role::HostUp),
        HostState::Down => ("○", Role::HostDown),
        HostState::Unknown => ("·", Role::HostUnknown),
    }
}

pub(super) fn row(paint: &Paint, data: &Snapshot, item: &Item) -> Vec<Cell> {
    let Some(host) = item.index.and_then(|i| data.hosts.get(i)) else { return Vec::new() };
    let (sign, role) = mark(host.state);
    let down = host.state == HostState::Down;
    let counted = data.live.iter().filter(|l| l.host == host.name && l.state.lives()).count();
    let live = if counted > 0 { format!("{counted} live") } else { String::new() };
    let memory = host.mem_used_pct.filter(|_| !down);
    let (target, system, load) = if paint.roomy {
        let system = [host.os.as_deref(), host.arch.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let target = if host.name.is_local() { "this machine" } else { &host.target };
        (
            paint.foreign(target, Role::Dim),
            paint.foreign(&system.join(" "), Role::Dim),
            paint.cell(
                host.load1.filter(|_| !down).map_or(String::new(), |l| format!("load {l:.1}")),
                Role::Dim,
            ),
        )
    } else {
        (Vec::new(), Vec::new(), Vec::new())
    };
    vec![
        paint.cell(sign, role),
        paint.cell(host.name.to_string(), if down { Role::Dim } else { Role::Text }),
        target,
        system,
        paint.cell(live, if down { Role::Dim } else { Role::Text }),
        load,
        match memory {
            _ if down => paint.cell("down", Role::HostDown),
            Some(share) => paint.cell(amount::percent(share), amount::pressure(memory)),
            None => Vec::new(),
        },
    ]
}
