//! The newest transcripts.

use super::{Filter, Paint};
use crate::cockpit::amount;
use crate::cockpit::list::Item;
use crate::cockpit::subject::Subject;
use crate::cockpit::table::{Cell, Column};
use crate::config::theme::Role;
use crate::model::snapshot::Snapshot;
use crate::model::transcript::TranscriptRow;

pub(super) const COLUMNS: &[Column] = &[
    Column::new(),
    Column::new().grows(),
    Column::new().rank(3),
    Column::new().rank(4),
    Column::new().right().rank(2),
    Column::new().right().rank(1),
];

pub(super) fn items(data: &Snapshot, filter: &Filter) -> Vec<Item> {
    let lets = |row: &TranscriptRow| filter.is_empty() || filter.lets(&searched(row));
    let rows = data.transcripts.newest.iter().enumerate().filter(|(_, row)| lets(row));
    rows.map(|(i, row)| Item { subject: Subject::Transcript(row.id.clone()), index: Some(i) }).collect()
}

fn searched(row: &TranscriptRow) -> String {
    let alias = row.alias.as_ref().map_or("", AsRef::as_ref);
    format!("{} {alias} {} {}", row.title.as_deref().unwrap_or_default(), row.tool, row.host)
}

pub(super) fn row(paint: &Paint, data: &Snapshot, item: &Item) -> Vec<Cell> {
    let Some(row) = item.index.and_then(|i| data.transcripts.newest.get(i)) else { return Vec::new() };
    let time = row.updated.map_or("-".into(), |t| amount::short_time(t, paint.state.now, paint.state.zone));
    let title = row.alias.as_ref().map(AsRef::as_ref).or(row.title.as_deref());
    let (tool, host, messages, cost) = if paint.roomy {
        (
            paint.cell(row.tool.as_str(), Role::Dim),
            paint.cell(row.host.to_string(), Role::Dim),
            paint.cell(format!("{} msg", row.messages), Role::Dim),
            paint.cell(row.cost_usd.map_or(String::new(), amount::dollars), Role::Dim),
        )
    } else {
        (Vec::new(), Vec::new(), Vec::new(), Vec::new())
    };
    vec![
        paint.cell(time, Role::Time),
        match title {
            Some(title) => paint.foreign(title.trim(), Role::Text),
            None => paint.cell("untitled", Role::Dim),
        },
        tool,
        host,
        messages,
        cost,
    ]
}
