//! A live session on the stage: cells of the emulator become cells of ours.

use std::num::NonZeroU16;
use std::ops::Range;
use std::sync::Arc;

use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use super::Line;
use crate::cockpit::extra::Extras;
use crate::cockpit::pane;
use crate::cockpit::skin::Skin;
use crate::cockpit::state::State;
use crate::cockpit::subject;
use crate::cockpit::text;
use crate::config::theme::{self, Role};
use crate::live::screen::{self, SharedScreen};
use crate::model::LiveId;

/// The live session that is attached, or was.
#[derive(Debug)]
pub struct Terminal {
    /// Which one.
    pub id: LiveId,
    /// Its screen, once there was one.
    pub screen: Option<Arc<SharedScreen>>,
    /// What is wrong with the link, in words.
    pub problem: Option<String>,
    /// Whether keys can go in.
    pub takes_keys: bool,
    /// The size that was asked for.
    pub size: (u16, u16),
}

impl Terminal {
    /// A session that is being attached.
    pub const fn new(id: LiveId, size: (u16, u16)) -> Self {
        Self { id, screen: None, problem: None, takes_keys: false, size }
    }
}

/// `payments/core @ gpu-01 · claude · needs approval`, and what is wrong with the link.
pub(super) fn title(state: &State, id: &LiveId) -> Line {
    let Some(live) = subject::live(&state.data, id) else {
        // A colleague's.
        let problem =
            state.stage.terminal.as_ref().filter(|t| t.id == *id).and_then(|t| t.problem.as_deref());
        let problem = problem.map(|problem| (format!(" · {}", text::clean(problem)), Role::Warn));
        return [(format!("{id}, a colleague's"), Role::Text)].into_iter().chain(problem).collect();
    };
    let place = match (&live.feature, &live.repo, &live.name) {
        (Some(feature), Some(repo), _) => format!("{feature}/{repo} @ {}", live.host),
        (_, _, Some(name)) => format!("{name} @ {}", live.host),
        (Some(feature), None, None) => format!("{feature} @ {}", live.host),
        _ => format!("{} @ {}", text::clean(&live.workdir), live.host),
    };
    let (_, role) = pane::live_mark(live.state);
    let terminal = state.stage.terminal.as_ref().filter(|t| t.id == *id);
    // What is wrong with the link matters more than what the program was doing.
    let news = match terminal.and_then(|t| t.problem.as_deref()) {
        Some(problem) => (text::clean(problem), Role::Warn),
        None => (pane::ending(live), role),
    };
    let mut line = vec![(place, Role::Text), (format!(" · {} · ", pane::program(live)), Role::Dim), news];
    let scrolled = terminal.and_then(|t| t.screen.as_ref()).map_or(0, |s| s.with(|s| s.scrolled()));
    if scrolled > 0 {
        let lines = if scrolled == 1 { "line" } else { "lines" };
        line.push((format!(" · {scrolled} {lines} back"), Role::Attention));
    }
    line
}

/// Draws the screen from its top left corner, as far as the buffer goes; gives the place of the cursor if keys go
/// there.
pub(super) fn view(
    terminal: &Terminal,
    skin: &Skin,
    typing: bool,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let shared = terminal.screen.as_ref()?;
    shared.with(|screen| {
        let base = skin.get(Role::Text);
        let (cols, rows) = screen.size();
        let (cols, rows) = (cols.min(area.width), rows.min(area.height));
        buf.set_style(Rect { width: cols, height: rows, ..area }, style(&screen.unused(), skin, base));
        for row in drawn(area, buf.area).start..drawn(area, buf.area).end.min(rows) {
            draw_row(screen, row, cols.min(screen.used(row)), skin, base, area, buf);
        }
        let cursor = screen.cursor();
        let inside = cursor.col < area.width && cursor.row < area.height;
        if !cursor.visible || !inside {
            return None;
        }
        let at = Position::new(area.x + cursor.col, area.y + cursor.row);
        if typing {
            return Some(at);
        }
        // Where the cursor will be, without blinking for attention.
        if let Some(cell) = buf.cell_mut(at) {
            cell.modifier.toggle(Modifier::REVERSED);
        }
        None
    })
}

/// The same for some rows alone, as they are behind a frame.
pub(super) fn part(
    terminal: &Terminal,
    skin: &Skin,
    typing: bool,
    area: Rect,
    rows: Range<u16>,
) -> (Buffer, Extras, Option<Position>) {
    let part = Rect { y: area.y + rows.start, height: rows.end - rows.start, ..area }.intersection(area);
    let mut buf = Buffer::empty(part);
    buf.set_style(part, skin.get(Role::Text));
    let cursor = view(terminal, skin, typing, area, &mut buf);
    let extras = extras(terminal, skin, area, part);
    (buf, extras, cursor)
}

/// The rows of an area that are drawn, counted from its first.
fn drawn(area: Rect, part: Rect) -> Range<u16> {
    let inside = area.intersection(part);
    inside.y.saturating_sub(area.y)..inside.bottom().saturating_sub(area.y)
}

/// What its cells have beyond colours and modifiers, in a part of the area.
pub(super) fn extras(terminal: &Terminal, skin: &Skin, area: Rect, part: Rect) -> Extras {
    let mut extras = Extras::default();
    let Some(shared) = terminal.screen.as_ref() else { return extras };
    shared.with(|screen| {
        let (cols, rows) = screen.size();
        let drawn = drawn(area, part);
        for row in drawn.start..drawn.end.min(rows) {
            for (col, cell) in (0..screen.used(row).min(cols).min(area.width)).zip(screen.row(row)) {
                let underline = if cell.underline > 1 { cell.underline } else { 0 };
                let line = if cell.underline > 0 { color(cell.line, skin, None) } else { Color::Reset };
                extras.note((area.x + col, area.y + row), underline, line, cell.link);
            }
        }
    });
    extras
}

/// A wide character that would stand half outside is a blank; what the emulator calls two columns
/// wide is, whatever others measure.
fn draw_row(
    screen: &screen::Screen,
    row: u16,
    cols: u16,
    skin: &Skin,
    base: Style,
    area: Rect,
    buf: &mut Buffer,
) {
    let y = area.y + row;
    for (col, cell) in (0..cols).zip(screen.row(row)) {
        let Some(target) = buf.cell_mut((area.x + col, y)) else { return };
        target.set_style(style(&cell, skin, base));
        let width = u16::from(cell.width.clamp(1, 2));
        if cell.width == 0 || col + width > cols {
            target.set_symbol(" ");
            continue;
        }
        // A joiner at the end would reach for the next cell.
        let symbol = cell.text.trim_end_matches('\u{200d}');
        let shown = !symbol.is_empty() && !symbol.chars().any(char::is_control);
        target.set_symbol(if shown { symbol } else { " " });
        if let Some(width) = NonZeroU16::new(width) {
            target.set_diff_option(CellDiffOption::ForcedWidth(width));
        }
    }
}

/// A colour of the emulator; `own` is what its default is here.
fn color(color: screen::Color, skin: &Skin, own: Option<Color>) -> Color {
    match color {
        screen::Color::Default => own.unwrap_or(Color::Reset),
        screen::Color::Index(i) => skin.color(theme::Color::Index(i)),
        screen::Color::Rgb(r, g, b) => skin.color(theme::Color::Rgb(r, g, b)),
    }
}

fn style(cell: &screen::Cell<'_>, skin: &Skin, base: Style) -> Style {
    let mut style = Style::new().fg(color(cell.fg, skin, base.fg)).bg(color(cell.bg, skin, base.bg));
    for (on, modifier) in [
        (cell.bold, Modifier::BOLD),
        (cell.dim, Modifier::DIM),
        (cell.italic, Modifier::ITALIC),
        (cell.underline > 0, Modifier::UNDERLINED),
        (cell.blink, Modifier::SLOW_BLINK),
        (cell.hidden, Modifier::HIDDEN),
        (cell.strike, Modifier::CROSSED_OUT),
        (cell.inverse, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cockpit::paint::Painter;
    use crate::cockpit::skin::Depth;
    use crate::config::Theme;
    use crate::live::screen::Screen;

    const ALL: Rect = Rect { x: 0, y: 0, width: 20, height: 10 };
    const STAGE: Rect = Rect { x: 3, y: 1, width: 16, height: 8 };

    fn whole(painter: &mut Painter, terminal: &Terminal, skin: &Skin, typing: bool) -> String {
        let mut buf = painter.canvas(ALL);
        buf.set_style(ALL, skin.get(Role::Text));
        let cursor = view(terminal, skin, typing, STAGE, &mut buf);
        painter.paint(buf, extras(terminal, skin, STAGE, STAGE), cursor)
    }

    proptest! {
        /// Drawing only what changed, time and again, shows what drawing everything shows.
        #[test]
        fn a_part_is_as_good_as_the_whole(
            said in prop::collection::vec(
                "([a-d漢é⚠]{1,6}|\r|\n|\t|\u{1b}(\\[[0-9]{0,2}[ABCDGHJKLMPSTX@dm]|\\[[0-9];[0-9]{1,2}[Hr]|\\[(1|4|7|31|42)m|\\[\\?(5|25|1049)[hl]|\\]8;;https://a\\u{7}|\\]4;1;#123456\\u{7}|[78DEMc])){1,8}",
                1..8,
            ),
            typing: bool,
        ) {
            let skin = Skin::new(&Theme::load("", std::path::Path::new("/nonexistent/theme.toml")).0, Depth::True);
            let screen = Arc::new(SharedScreen::new(Screen::new(16, 8)));
            let id = "live_0123456789ab".parse().expect("an id");
            let mut terminal = Terminal::new(id, (16, 8));
            terminal.screen = Some(screen.clone());
            let (mut painter, mut shown) = (Painter::default(), Screen::new(20, 10));
            let (mut other, mut expected) = (Painter::default(), Screen::new(20, 10));
            screen.with(Screen::take_changes);
            shown.feed(whole(&mut painter, &terminal, &skin, typing).as_bytes());
            expected.feed(whole(&mut other, &terminal, &skin, typing).as_bytes());
            for text in &said {
                screen.with(|screen| screen.feed(text.as_bytes()));
                let rows = screen.with(Screen::take_changes);
                let drawn = match rows.map(|rows| part(&terminal, &skin, typing, STAGE, rows)) {
                    Some((buf, extras, cursor)) => painter.patch(buf, extras, cursor).expect("something is shown"),
                    None => whole(&mut painter, &terminal, &skin, typing),
                };
                shown.feed(drawn.as_bytes());
                expected.feed(whole(&mut other, &terminal, &skin, typing).as_bytes());
            }
            let look = |screen: &mut Screen| (screen.screen_text(0, true).lines, screen.cursor().visible);
            prop_assert_eq!(look(&mut shown), look(&mut expected));
        }
    }
}
