//! Hosts: which answer, how much lives there, how loaded they are.

use super::{Filter, Paint};
use crate::cockpit::amount;
use crate::cockpit::list::Item;
use crate::cockpit::subject::Subject;
use crate::cockpit::table::{Cell, Column};
use crate::config::theme::Role;
use crate::model::Time;
use crate::model::host::{HostState, HostStatus};
use crate::model::snapshot::Snapshot;

/// Columns of a bar.
const BAR: usize = 6;

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
    let (target, system, load) = if paint.roomy {
        let system = [host.os.as_deref(), host.arch.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let target = if host.name.is_local() { "this machine" } else { &host.target };
        (paint.foreign(target, Role::Dim), paint.foreign(&system.join(" "), Role::Dim), load(paint, host))
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
        if down { paint.cell(since(host, paint.state.now), Role::HostDown) } else { bars(paint, host) },
    ]
}

/// `down 5m`: for how long it has not answered.
fn since(host: &HostStatus, now: Time) -> String {
    host.since.map_or_else(|| "down".to_owned(), |since| format!("down {}", amount::ago(since, now)))
}

/// The load of each processor, in percent: 100 is all of them busy.
fn load_share(host: &HostStatus) -> Option<f64> {
    Some(host.load1? / f64::from(host.cpus.filter(|n| *n > 0)?) * 100.0)
}

/// The load on a wide screen, where there is room for a bar and the number.
fn load(paint: &Paint, host: &HostStatus) -> Cell {
    let Some(load) = host.load1.filter(|_| host.state != HostState::Down) else { return Vec::new() };
    let mut cell = paint.cell("load ", Role::Dim);
    if let Some(share) = load_share(host) {
        cell.extend(bar(paint, share));
    }
    cell.extend(paint.cell(format!(" {load:.1}"), Role::Dim));
    cell
}

/// The memory in percent; on a wide screen with a bar in front, else with the load, a column each.
fn bars(paint: &Paint, host: &HostStatus) -> Cell {
    let mut cell = Vec::new();
    if paint.roomy {
        if let Some(share) = host.mem_used_pct {
            cell.extend(paint.cell("mem ", Role::Dim));
            cell.extend(bar(paint, share));
        }
    } else {
        for share in [load_share(host), host.mem_used_pct].into_iter().flatten() {
            cell.extend(paint.cell(amount::block(share), amount::pressure(Some(share))));
        }
    }
    if let Some(share) = host.mem_used_pct {
        cell.extend(paint.cell(format!(" {}", amount::percent(share)), amount::pressure(Some(share))));
    }
    cell
}

fn bar(paint: &Paint, share: f64) -> Cell {
    let (full, empty) = amount::bar(share, BAR);
    let mut cell = paint.cell(full, amount::pressure(Some(share)));
    cell.extend(paint.cell(empty, Role::Border));
    cell
}
