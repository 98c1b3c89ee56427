//! Every key, out of the keymap that is in force.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Verdict, frame};
use crate::cockpit::skin::Skin;
use crate::cockpit::state::State;
use crate::cockpit::text::{self, Piece};
use crate::config::chord::{self, Chord, Key};
use crate::config::keymap::Context;
use crate::config::theme::Role;

const KEY: usize = 10;
const COMMAND: usize = 30;
/// From this width on, what a command does stands beside it.
const ROOMY: u16 = 80;

/// How far it is scrolled.
#[derive(Debug, Default)]
pub struct Help {
    scroll: usize,
    most: std::cell::Cell<usize>,
    page: std::cell::Cell<usize>,
}

impl Help {
    pub(super) fn key(&mut self, chord: Chord) -> Verdict {
        let page = self.page.get().max(1);
        let at = self.scroll.min(self.most.get());
        self.scroll = match (chord.key, chord.text()) {
            (Key::Escape, _) | (_, Some('?' | 'q')) => return Verdict::Close,
            (Key::Up, _) | (_, Some('k')) => at.saturating_sub(1),
            (Key::Down, _) | (_, Some('j')) => at + 1,
            (Key::PageUp, _) => at.saturating_sub(page),
            (Key::PageDown, _) | (_, Some(' ')) => at + page,
            (Key::Home, _) => 0,
            (Key::End, _) => usize::MAX,
            _ => at,
        };
        Verdict::Stay
    }

    pub(super) fn view(&self, state: &State, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let rows = rows(state, skin, screen.width >= ROOMY);
        let width = screen.width.saturating_sub(4).min(96);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX);
        let area = Rect { height: screen.height.saturating_sub(1), ..screen };
        let inner = frame("Keys", skin, area, (width, height), buf);
        let page = usize::from(inner.height);
        let most = rows.len().saturating_sub(page);
        self.most.set(most);
        self.page.set(page);
        let first = self.scroll.min(most);
        for (row, y) in rows.iter().skip(first).zip(inner.y..inner.bottom()) {
            text::put_line(buf, Rect { y, height: 1, ..inner }, row);
        }
        if most > 0 && inner.y > area.y {
            let more = if first < most { " ↓ more " } else { " ↑ more " };
            let x = inner.right().saturating_sub(8);
            text::put(buf, x, inner.bottom(), more, skin.get(Role::Dim), inner.width);
        }
    }
}

/// The focused pane's own keys stand behind those that hold everywhere: those are the ones that
/// people look for first.
fn rows(state: &State, skin: &Skin, roomy: bool) -> Vec<Vec<Piece>> {
    let mut rows = Vec::new();
    let mut order = vec![Context::Global];
    let own = state.contexts();
    order.extend(own);
    order.extend(Context::ALL.into_iter().filter(|c| *c != Context::Global && !own.contains(c)));
    for context in order {
        let bindings: Vec<_> = state.keys.rows(context).collect();
        if bindings.is_empty() {
            continue;
        }
        if context != Context::Global {
            rows.push(Vec::new());
            let title = format!("in {}", context.as_str());
            rows.push(vec![(title, skin.get(Role::Heading))]);
        }
        // Keys that do the same share a row.
        let mut seen: Vec<&str> = Vec::new();
        for binding in &bindings {
            let line = binding.template.line.as_str();
            if seen.contains(&line) {
                continue;
            }
            seen.push(line);
            let same = bindings.iter().filter(|b| b.template.line == line);
            let chords = same.map(|b| chord::spell(&b.chords)).collect::<Vec<_>>().join(" ");
            let spec = state.keys.book.find(binding.name);
            let about = spec.map_or("", |spec| spec.about.as_str());
            // A verb with an argument says more than its description.
            let verb = spec.is_some_and(|spec| spec.is_verb()) && line == binding.name;
            rows.push(match (roomy, verb) {
                (true, _) => row(skin, &chords, line, about),
                (false, true) => short(skin, &chords, about, Role::Dim),
                (false, false) => short(skin, &chords, line, Role::Text),
            });
        }
        if context == Context::Global {
            let leave = state.keys.leave.to_string();
            let about = "Leave a terminal; pressed twice, the program gets it";
            rows.push(if roomy {
                row(skin, &leave, "", about)
            } else {
                short(skin, &leave, about, Role::Dim)
            });
        }
    }
    rows
}

fn pad(text: &str, width: usize) -> String {
    let text = text::fit(&text::clean(text), width - 1);
    format!("{text}{}", " ".repeat(width - text::width(&text)))
}

fn short(skin: &Skin, chords: &str, what: &str, role: Role) -> Vec<Piece> {
    vec![(pad(chords, KEY), skin.get(Role::Key)), (text::clean(what), skin.get(role))]
}

fn row(skin: &Skin, chords: &str, line: &str, about: &str) -> Vec<Piece> {
    vec![
        (pad(chords, KEY), skin.get(Role::Key)),
        (pad(line, COMMAND), skin.get(Role::Text)),
        (text::clean(about), skin.get(Role::Dim)),
    ]
}
