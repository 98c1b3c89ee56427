//! A transcript on the stage: its head, and the part of it that is read.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::prose::Row;
use super::reading::Reading;
use super::{Line, entry};
use crate::cockpit::amount;
use crate::cockpit::skin::Skin;
use crate::cockpit::state::{Pane, State, Typing};
use crate::cockpit::subject;
use crate::cockpit::text::{self, Piece};
use crate::config::theme::Role;
use crate::model::TranscriptId;
use crate::model::message::Usage;
use crate::model::transcript::TranscriptRow;

/// From this height of the stage on there is a head of one line, and of two.
const HEADS: (u16, u16) = (9, 18);

/// Columns and rows that are left for the talk on a stage of this size, below the head.
pub fn size(area: (u16, u16)) -> (usize, usize) {
    (super::text_width(area.0).into(), usize::from(area.1 - head_height(area.1)).max(1))
}

fn head_height(height: u16) -> u16 {
    match height {
        h if h >= HEADS.1 => 3,
        h if h >= HEADS.0 => 1,
        _ => 0,
    }
}

/// What is known of the whole, in as many lines as there is room for.
pub fn head(row: &TranscriptRow, width: usize, state: &State) -> Vec<Line> {
    let dim = |text: String| (text::clean(&text), Role::Dim);
    let mut what = vec![(row.tool.as_str().to_owned(), Role::Call)];
    what.extend(row.model.clone().map(|m| (text::clean(&m), Role::Text)));
    if !row.host.is_local() {
        what.push((row.host.to_string(), Role::Text));
    }
    what.extend(row.branch.clone().map(|b| (format!("⎇ {}", text::clean(&b)), Role::Text)));
    what.extend(row.workdir.clone().map(dim));
    if row.parent.is_some() {
        what.push(("⑂ from another".into(), Role::Agent));
    }
    if row.live {
        what.push(("● running".into(), Role::Ok));
    }
    let usage = Usage {
        input: row.tokens_in,
        output: row.tokens_out,
        cache_read: row.tokens_cache_read,
        cache_write: row.tokens_cache_write,
        reasoning: 0,
    };
    let mut much = vec![(format!("{} messages", row.messages), Role::Text)];
    if row.tool_calls > 0 {
        let plural = if row.tool_calls == 1 { "" } else { "s" };
        much.push((format!("{} call{plural}", row.tool_calls), Role::Text));
    }
    much.extend(entry::tokens(usage).map(|t| (t, Role::Text)));
    if usage.cache_read > 0 {
        much.push(dim(format!("{} of it cached", amount::short_count(usage.cache_read))));
    }
    much.extend(row.cost_usd.map(|c| (amount::dollars(c), Role::Text)));
    let span = match (row.created, row.updated) {
        (Some(begin), Some(end)) => {
            let (from, to) = (amount::long_time(begin, state.zone), amount::long_time(end, state.zone));
            // The day is not said twice.
            let to =
                if from.get(..10) == to.get(..10) { to.get(11..).unwrap_or_default().to_owned() } else { to };
            Some(format!("{from} – {to}"))
        }
        (one, other) => one.or(other).map(|t| amount::long_time(t, state.zone)),
    };
    much.extend(span.map(dim));
    vec![joined(what, width), joined(much, width)]
}

/// Facts with dots between them; the last ones are left out where there is no room.
fn joined(facts: Vec<(String, Role)>, width: usize) -> Line {
    let mut line = Line::new();
    let mut room = width;
    for (fact, role) in facts {
        let dot = if line.is_empty() { "" } else { " · " };
        let need = text::width(dot) + text::width(&fact);
        if need > room && room > 12 && !line.is_empty() {
            line.push((dot.into(), Role::Dim));
            line.push((text::fit(&fact, room - 3), role));
            break;
        }
        if need > room {
            break;
        }
        room -= need;
        line.push((dot.into(), Role::Dim));
        line.push((fact, role));
    }
    line
}

/// Where in the transcript it is, for the frame.
pub fn note(state: &State) -> Option<String> {
    let reading = state.stage.shown_reading()?;
    let position = reading.position().map(|(at, last)| format!("{at}/{last}"));
    let find = reading.find().map(|find| {
        let count = match reading.hits() {
            Some((_, 0)) => " · nothing".to_owned(),
            Some((at, all)) => format!(" · {} of {all}", at.max(1)),
            None => String::new(),
        };
        let end = if state.typing == Typing::Find { "▏" } else { "" };
        format!("/{}{end}{count}", text::clean(&find.text))
    });
    match (find, position) {
        (Some(find), Some(position)) => Some(format!("{find}  {position}")),
        (find, position) => find.or(position),
    }
}

/// Draws it.
pub fn view(state: &State, reading: &Reading, id: &TranscriptId, skin: &Skin, area: Rect, buf: &mut Buffer) {
    let air = u16::from(super::text_width(area.width) < area.width);
    let inner = Rect { x: area.x + air, width: area.width - 2 * air, ..area };
    let height = head_height(area.height);
    let styled =
        |line: &Line| -> Vec<Piece> { line.iter().map(|(t, role)| (t.clone(), skin.get(*role))).collect() };
    if let Some(row) = subject::transcript(&state.data, id).filter(|_| height > 0) {
        let head = head(row, inner.width.into(), state);
        let lines = head.iter().skip(usize::from(height == 1)).take(height.into());
        for (line, y) in lines.zip(inner.y..inner.bottom()) {
            text::put_line(buf, Rect { y, height: 1, ..inner }, &styled(line));
        }
        if height > 2 {
            let rule = "─".repeat(inner.width.into());
            text::put(buf, inner.x, inner.y + 2, &rule, skin.get(Role::Border), inner.width);
        }
    }
    let body = Rect { y: inner.y + height, height: inner.height - height, ..inner };
    if reading.is_empty() {
        text::put(buf, body.x, body.y, "nothing was said", skin.get(Role::Dim), body.width);
        return;
    }
    let (rows, read) = reading.shown();
    for (row, y) in rows.iter().zip(body.y..body.bottom()) {
        text::put_line(buf, Rect { y, height: 1, ..body }, &styled(&row.line));
    }
    matches(reading, &rows, read, skin, body, buf);
    if let Some(read) = read.filter(|_| state.focus == Pane::Stage && air > 0) {
        let y = body.y + u16::try_from(read).unwrap_or(0);
        if y < body.bottom() {
            text::put(buf, area.x, y, "▌", skin.get(Role::BorderFocus), 1);
        }
    }
}

/// Marks what is looked for.
fn matches(reading: &Reading, rows: &[&Row], read: Option<usize>, skin: &Skin, body: Rect, buf: &mut Buffer) {
    let Some(needle) = reading.needle() else { return };
    for spans in needle.find(rows) {
        let current = spans.first().map(|(row, _)| *row) == read;
        let style = skin.get(if current { Role::MatchCurrent } else { Role::Match });
        for (row, range) in spans {
            let text = rows[row].text();
            let column = |to: usize| text.get(..to).map_or(0, text::width);
            let (from, to) = (column(range.start), column(range.end));
            let y = body.y + u16::try_from(row).unwrap_or(0);
            for x in from..to.min(body.width.into()) {
                if let Some(cell) = buf.cell_mut((body.x + u16::try_from(x).unwrap_or(0), y)) {
                    cell.set_style(style);
                }
            }
        }
    }
}
