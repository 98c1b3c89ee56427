//! The transcripts.

use std::cmp::Reverse;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Filter, Paint};
use crate::cockpit::amount;
use crate::cockpit::list::Item;
use crate::cockpit::skin::Skin;
use crate::cockpit::state::State;
use crate::cockpit::subject::Subject;
use crate::cockpit::table::{Cell, Column};
use crate::cockpit::text;
use crate::command::screen::args::By;
use crate::config::theme::Role;
use crate::model::ToolId;
use crate::model::snapshot::Snapshot;
use crate::model::transcript::TranscriptRow;

pub(super) const COLUMNS: &[Column] = &[
    Column::new(),
    Column::new(),
    Column::new().grows(),
    Column::new().rank(3),
    Column::new().rank(4),
    Column::new().right().rank(2),
    Column::new().right().rank(1),
];

pub(super) fn items(data: &Snapshot, sort: By, filter: &Filter) -> Vec<Item> {
    let all = &data.transcripts.newest;
    let rank = |row: &TranscriptRow| if filter.is_empty() { Some(0) } else { filter.rank(&searched(row)) };
    let mut found: Vec<(i64, usize)> = (0..all.len()).filter_map(|i| Some((rank(&all[i])?, i))).collect();
    found.sort_by_key(|(rank, _)| Reverse(*rank));
    let mut order: Vec<usize> = found.into_iter().map(|(_, i)| i).collect();
    match sort {
        By::Updated => {}
        By::Created => order.sort_by_key(|i| Reverse(all[*i].created)),
        By::Messages => order.sort_by_key(|i| Reverse(all[*i].messages)),
        By::Cost => order
            .sort_by(|a, b| all[*b].cost_usd.unwrap_or(-1.0).total_cmp(&all[*a].cost_usd.unwrap_or(-1.0))),
    }
    let item = |i: usize| Item { subject: Subject::Transcript(all[i].id.clone()), index: Some(i) };
    order.into_iter().map(item).collect()
}

/// Two letters for a tool, where there is no room for its name.
const fn short(tool: ToolId) -> &'static str {
    match tool {
        ToolId::ClaudeCode => "cc",
        ToolId::Codex => "cx",
        ToolId::Gemini => "ge",
        ToolId::Copilot => "co",
        ToolId::Cursor => "cu",
        ToolId::Amp => "am",
        ToolId::Cline => "cl",
        ToolId::RooCode => "ro",
        ToolId::KiloCode => "ki",
        ToolId::Opencode => "oc",
        ToolId::Other => "··",
    }
}

/// Says what is wrong with tools.
pub(super) fn foot(state: &State, skin: &Skin, area: Rect, buf: &mut Buffer) {
    let unwell: Vec<String> =
        state.shelf.unwell().map(|tool| format!("{}: {}", tool.tool.as_str(), tool.word())).collect();
    let line = format!(" ! {}", unwell.join(", "));
    text::put(buf, area.x, area.y, &text::fit(&line, area.width.into()), skin.get(Role::Warn), area.width);
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
    let mark = match (row.live, row.parent.is_some()) {
        (true, _) => paint.cell("●", Role::Ok),
        (false, true) => paint.cell("⑂", Role::Agent),
        (false, false) => paint.cell(" ", Role::Dim),
    };
    let mark = if paint.roomy {
        mark
    } else {
        [mark, paint.cell(format!(" {}", short(row.tool)), Role::Dim)].concat()
    };
    vec![
        paint.cell(time, Role::Time),
        mark,
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
