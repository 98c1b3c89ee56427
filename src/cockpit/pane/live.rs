//! Live sessions, those that need somebody first.

use super::{Filter, Paint};
use crate::cockpit::amount;
use crate::cockpit::list::Item;
use crate::cockpit::subject::Subject;
use crate::cockpit::table::{Cell, Column};
use crate::cockpit::text;
use crate::config::theme::Role;
use crate::model::live::{Live, LiveState};
use crate::model::snapshot::Snapshot;

pub(super) const COLUMNS: &[Column] = &[
    Column::new(),
    Column::new(),
    Column::new().grows(),
    Column::new().rank(4),
    Column::new().rank(3),
    Column::new().rank(1),
    Column::new().right().rank(5),
];

/// The mark of a state. Every state has a sign of its own, so that colour is never needed.
pub const fn mark(state: LiveState) -> (&'static str, Role) {
    match state {
        LiveState::Blocked => ("!", Role::LiveBlocked),
        LiveState::Waiting => ("?", Role::LiveWaiting),
        LiveState::Working => ("◐", Role::LiveWorking),
        LiveState::Idle => ("○", Role::LiveIdle),
        LiveState::Unknown => ("·", Role::LiveUnknown),
        LiveState::Exited => ("■", Role::LiveExited),
        LiveState::Lost => ("×", Role::LiveLost),
    }
}

const fn urgency(state: LiveState) -> u8 {
    match state {
        LiveState::Blocked => 0,
        LiveState::Waiting => 1,
        LiveState::Working => 2,
        LiveState::Idle => 3,
        LiveState::Unknown => 4,
        LiveState::Lost => 5,
        LiveState::Exited => 6,
    }
}

pub(super) fn items(data: &Snapshot, filter: &Filter) -> Vec<Item> {
    let lets = |live: &Live| filter.is_empty() || filter.lets(&searched(live));
    let mut found: Vec<(usize, &Live)> = data.live.iter().enumerate().filter(|(_, l)| lets(l)).collect();
    // Of those that wait, who waits longest comes first; of the others, the newest.
    found.sort_by_key(|(_, live)| {
        let waits = live.state.wants_attention().then_some(live.since).flatten();
        (urgency(live.state), waits, std::cmp::Reverse(live.started))
    });
    found
        .into_iter()
        .map(|(i, live)| Item { subject: Subject::Live(live.id.clone()), index: Some(i) })
        .collect()
}

fn searched(live: &Live) -> String {
    let known = [
        live.name.as_ref().map(AsRef::as_ref),
        live.feature.as_ref().map(AsRef::as_ref),
        live.repo.as_ref().map(AsRef::as_ref),
        live.title.as_deref(),
    ];
    let known = known.into_iter().flatten().collect::<Vec<&str>>().join(" ");
    format!("{} {} {known} {} {}", program(live), live.host, live.state.as_str(), live.workdir)
}

/// The program in a word: the tool's short name, else the command without its folder.
pub fn program(live: &Live) -> String {
    if let Some(tool) = live.tool {
        let name = tool.as_str();
        return name.strip_suffix("-code").unwrap_or(name).to_owned();
    }
    let first = live.command.first().map_or("shell", String::as_str);
    let name = first.rsplit('/').next().unwrap_or(first).trim_start_matches('-');
    text::fit(&text::clean(name), 12)
}

/// What it is about: its name, else the repository, else the last part of its folder.
fn about(live: &Live) -> String {
    let folder = || live.workdir.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = live.name.as_ref().map(AsRef::as_ref).or(live.repo.as_ref().map(AsRef::as_ref));
    let people =
        if live.people.is_empty() { String::new() } else { format!(" ⇄ {}", live.people.join(", ")) };
    text::clean(&format!("{}{people}", name.unwrap_or_else(folder)))
}

pub(super) fn row(paint: &Paint, data: &Snapshot, item: &Item) -> Vec<Cell> {
    let Some(live) = item.index.and_then(|i| data.live.get(i)) else { return Vec::new() };
    let (sign, role) = mark(live.state);
    let gone = !live.state.lives();
    let text = if gone { Role::Dim } else { Role::Text };
    let (feature, state, age) = if paint.roomy {
        (
            paint.cell(live.feature.as_ref().map_or(String::new(), ToString::to_string), Role::Dim),
            paint.cell(ending(live), role),
            paint.cell(amount::ago(live.started, paint.state.now), Role::Dim),
        )
    } else {
        (Vec::new(), Vec::new(), Vec::new())
    };
    vec![
        paint.cell(sign, role),
        paint.cell(program(live), text),
        paint.cell(about(live), text),
        feature,
        state,
        paint.cell(live.host.to_string(), Role::Dim),
        age,
    ]
}

/// The state in words, with the exit status if there is one.
pub fn ending(live: &Live) -> String {
    match (live.state, live.exit_code) {
        (LiveState::Exited, Some(code)) if code != 0 => format!("exited {code}"),
        (LiveState::Blocked, _) => "needs approval".into(),
        (state, _) => state.as_str().into(),
    }
}
