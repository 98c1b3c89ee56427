//! Draws the newest state. Looks, and changes nothing.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::amount;
use super::layout::Layout;
use super::overlay::Overlay;
use super::pane;
use super::skin::Skin;
use super::stage;
use super::state::{Pane, State, Typing};
use super::text::{self, Piece};
use crate::config::theme::Role;

/// Draws everything; gives the place of the cursor, if it is to be seen.
pub fn view(state: &State, skin: &Skin, buf: &mut Buffer) -> Option<Position> {
    let screen = buf.area;
    if screen.is_empty() {
        return None;
    }
    buf.set_style(screen, skin.get(Role::Text));
    let layout =
        Layout::of(super::layout::Shape { width: screen.width, height: screen.height, ..state.shape() });
    if let Some(strip) = layout.strip {
        self::strip(state, skin, strip, buf);
    }
    if let Some(column) = layout.column {
        frame_column(state, skin, column, &layout, buf);
    }
    for (i, pane) in Pane::LISTS.into_iter().enumerate() {
        if let Some(area) = layout.panes[i] {
            pane::view(state, skin, pane, area, buf);
        }
    }
    if let Some(frame) = layout.frame {
        frame_stage(state, skin, frame, buf);
    }
    let cursor = layout.stage.and_then(|area| stage::view(state, skin, area, buf));
    if let Some(area) = layout.status {
        status(state, skin, area, buf);
    }
    for overlay in &state.overlays {
        overlay.view(state, skin, screen, buf);
    }
    cursor.filter(|_| state.overlays.is_empty())
}

/// The tabs of a strip of that width: whole words always, numbers where there is room.
pub(super) fn tabs(width: u16) -> Vec<(Pane, Range<u16>)> {
    let numbered = width >= 58;
    let mut x = 0;
    let tab = |(i, pane): (usize, Pane)| {
        let len = pane.name().len() + if numbered { 4 } else { usize::from(i > 0) };
        let len = u16::try_from(len).unwrap_or(0);
        let at = x..x + len;
        x += len;
        (pane, at)
    };
    Pane::ALL.into_iter().enumerate().map(tab).collect()
}

fn strip(state: &State, skin: &Skin, area: Rect, buf: &mut Buffer) {
    let numbered = area.width >= 58;
    for (i, (pane, at)) in tabs(area.width).into_iter().enumerate() {
        let focused = pane == state.focus;
        // Too little for all of them: the one that is shown.
        let too_narrow = area.width < 37;
        if too_narrow && !focused {
            continue;
        }
        let x = if too_narrow { area.x } else { area.x + at.start };
        let style = if focused { skin.get(Role::Tab) } else { skin.get(Role::Title) };
        let word = match numbered {
            true => format!(" {} {} ", i + 1, pane.name()),
            false if i == 0 || too_narrow => pane.name().to_owned(),
            false => {
                text::put(buf, x, area.y, " ", skin.get(Role::Text), 1);
                text::put(buf, x + 1, area.y, pane.name(), style, area.right().saturating_sub(x + 1));
                continue;
            }
        };
        text::put(buf, x, area.y, &word, style, area.right().saturating_sub(x));
    }
    let used = tabs(area.width).last().map_or(0, |(_, at)| at.end);
    if state.focus != Pane::Stage
        && let Some(note) = note(state, state.focus)
    {
        let w = u16::try_from(text::width(&note)).unwrap_or(u16::MAX);
        if used.saturating_add(w).saturating_add(2) <= area.width {
            text::put(buf, area.right() - w - 1, area.y, &note, skin.get(Role::Dim), w);
        }
    }
}

/// What stands at the right end of a pane's title: its filter, or how many rows there are.
fn note(state: &State, pane: Pane) -> Option<String> {
    let list = state.list(pane)?;
    if !list.filter.is_empty() || (state.typing == Typing::Filter && state.focus == pane) {
        return Some(format!("/{}", text::clean(&list.filter)));
    }
    let waiting = state.waiting();
    match pane {
        Pane::Live if waiting > 0 => Some(format!("{waiting}!")),
        Pane::Transcripts if state.data.transcripts.total > 0 => {
            Some(amount::count(state.data.transcripts.total))
        }
        _ => None,
    }
}

fn frame_column(state: &State, skin: &Skin, column: Rect, layout: &Layout, buf: &mut Buffer) {
    let right = column.right() - 1;
    let plain = skin.get(Role::Border);
    let focused = |i: usize| Pane::LISTS.get(i).is_some_and(|p| *p == state.focus);
    for (i, title) in layout.titles.iter().enumerate() {
        let Some(row) = title else { continue };
        let rows = layout.panes[i].map_or(0, |a| a.height);
        let side = if focused(i) { skin.get(Role::BorderFocus) } else { plain };
        for y in row.y + 1..=row.y + rows {
            text::put(buf, column.x, y, "│", side, 1);
            text::put(buf, right, y, "│", side, 1);
        }
        // A line between two panes belongs to whichever has the focus.
        let edge = if focused(i) || (i > 0 && focused(i - 1)) { skin.get(Role::BorderFocus) } else { plain };
        let (from, to) = if i == 0 { ("┌", "┐") } else { ("├", "┤") };
        let pane = Pane::LISTS[i];
        let name = vec![(format!("{} {}", i + 1, pane.name()), title_style(state, skin, pane))];
        let note_role = if pane == Pane::Live && state.waiting() > 0 { Role::Attention } else { Role::Dim };
        let note = note(state, pane).map(|n| (n, skin.get(note_role)));
        rule(*row, (from, to), &name, note, edge, buf);
    }
    let edge = if focused(3) { skin.get(Role::BorderFocus) } else { plain };
    let bottom = Rect { y: column.bottom() - 1, height: 1, ..column };
    rule(bottom, ("└", "┘"), &[], None, edge, buf);
}

fn title_style(state: &State, skin: &Skin, pane: Pane) -> Style {
    skin.get(if state.focus == pane { Role::TitleFocus } else { Role::Title })
}

/// A horizontal line with a title in it and a note at its end.
fn rule(row: Rect, ends: (&str, &str), title: &[Piece], note: Option<Piece>, edge: Style, buf: &mut Buffer) {
    let line = format!("{}{}{}", ends.0, "─".repeat(usize::from(row.width.saturating_sub(2))), ends.1);
    text::put(buf, row.x, row.y, &line, edge, row.width);
    let mut room = row.width.saturating_sub(4);
    if let Some((note, style)) = note {
        let note = text::fit(&note, usize::from(room / 2));
        let w = u16::try_from(text::width(&note)).unwrap_or(0);
        let x = row.right() - 3 - w;
        text::put(buf, x, row.y, &format!(" {note} "), style, w + 2);
        room = room.saturating_sub(w + 3);
    }
    if !title.is_empty() && room > 2 {
        let place = Rect { x: row.x + 2, width: room - 2, height: 1, ..row };
        let used = text::put_line(buf, place, title);
        text::put(buf, row.x + 1, row.y, " ", edge, 1);
        text::put(buf, place.x + used, row.y, " ", edge, 1);
    }
}

fn frame_stage(state: &State, skin: &Skin, frame: Rect, buf: &mut Buffer) {
    let title = stage::title(state);
    let focused = state.focus == Pane::Stage;
    let name = title_style(state, skin, Pane::Stage);
    let styled: Vec<Piece> = title
        .into_iter()
        .map(|(t, role)| (t, if role == Role::Text { name } else { skin.get(role) }))
        .collect();
    let note = stage::note(state);
    if frame.height == 1 {
        let room = note.as_ref().map_or(0, |note| u16::try_from(text::width(note) + 2).unwrap_or(0));
        let room = if room > frame.width / 2 { frame.width / 2 } else { room };
        let place = Rect { x: frame.x + 1, width: frame.width.saturating_sub(1 + room), ..frame };
        text::put_line(buf, place, &styled);
        if let Some(note) = note {
            let note = text::fit(&note, usize::from(room.saturating_sub(1)));
            text::put(buf, frame.right() - room, frame.y, &note, skin.get(Role::Dim), room);
        }
        return;
    }
    let typing = state.typing == Typing::Terminal;
    let edge = match (typing, focused) {
        (true, _) => skin.get(Role::Ok),
        (false, true) => skin.get(Role::BorderFocus),
        (false, false) => skin.get(Role::Border),
    };
    let note = note.map(|note| (note, skin.get(Role::Dim)));
    rule(Rect { height: 1, ..frame }, ("┌", "┐"), &styled, note, edge, buf);
    for y in frame.y + 1..frame.bottom() - 1 {
        text::put(buf, frame.x, y, "│", edge, 1);
        text::put(buf, frame.right() - 1, y, "│", edge, 1);
    }
    rule(Rect { y: frame.bottom() - 1, height: 1, ..frame }, ("└", "┘"), &[], None, edge, buf);
}

/// The mode word.
fn mode(state: &State) -> (&'static str, Role) {
    match (state.overlays.last(), state.typing) {
        (Some(overlay), _) => (overlay.mode(), Role::ModeOther),
        (None, Typing::Terminal) => ("TERMINAL", Role::ModeTerminal),
        (None, Typing::Filter) => ("FILTER", Role::ModeOther),
        (None, Typing::Find) => ("FIND", Role::ModeOther),
        (None, Typing::Normal | Typing::JustLeft) => ("NORMAL", Role::ModeNormal),
    }
}

fn status(state: &State, skin: &Skin, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, skin.get(Role::Status));
    let on = |role: Role| skin.get(Role::Status).patch(skin.get(role));
    let (word, role) = mode(state);
    let mut left: Vec<Piece> = vec![(format!(" {word} "), skin.get(role)), (" ".into(), on(Role::Status))];
    if let Some(feature) = feature(state) {
        left.push((format!("{feature}  "), on(Role::Feature)));
    }
    if !state.pending.is_empty() {
        left.push((format!("{} …  ", crate::config::chord::spell(&state.pending)), on(Role::Key)));
    }
    if let Some(job) = state.jobs.running() {
        left.push((format!("⟳ {}", text::fit(&text::clean(&job.line), 24)), on(Role::Progress)));
        if let Some((done, total)) = job.progress {
            let (full, empty) = stage::job::bar(done, total, 8);
            left.push((format!(" {done}/{total} "), on(Role::Text)));
            left.push((full, on(Role::Progress)));
            left.push((empty, on(Role::Dim)));
        }
        let more = state.jobs.count_running() - 1;
        left.push((if more > 0 { format!(" +{more}  ") } else { "  ".into() }, on(Role::Dim)));
    }
    let waiting = state.waiting();
    if waiting > 0 {
        let verb = if waiting == 1 { "needs" } else { "need" };
        left.push((format!("{waiting} {verb} you"), on(Role::Attention)));
        left.push(("  ".into(), on(Role::Status)));
    }
    if let Some((role, message)) = &state.message {
        left.push((text::clean(message), on(*role)));
    }
    let used = text::put_line(buf, area, &left);
    let keys = matches!(state.overlays.last(), None | Some(Overlay::Form(_) | Overlay::Select(_)));
    if state.message.is_none() && keys {
        let place = Rect { x: area.x + used, width: area.width - used, ..area };
        super::hints::hints(state, place, (on(Role::Key), on(Role::Hint)), buf);
    }
}

/// The feature that is selected, or that what is selected belongs to.
fn feature(state: &State) -> Option<String> {
    let of = |pane: Pane| state.list(pane)?.selected()?.slot("feature", &state.data);
    of(state.last_list).or_else(|| match state.last_list {
        Pane::Hosts => of(Pane::Features),
        _ => None,
    })
}
