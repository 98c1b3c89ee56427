//! What went wrong so far, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Verdict, frame};
use crate::cockpit::skin::Skin;
use crate::cockpit::stage;
use crate::cockpit::state::State;
use crate::cockpit::text;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

/// How far it is scrolled.
#[derive(Debug, Default)]
pub struct Notices {
    scroll: usize,
}

impl Notices {
    pub(super) fn key(&mut self, chord: Chord, count: usize) -> Verdict {
        match (chord.key, chord.text()) {
            (Key::Escape | Key::Enter, _) | (_, Some('q' | '!')) => return Verdict::Close,
            (Key::Up, _) | (_, Some('k')) => self.scroll = self.scroll.saturating_sub(1),
            (Key::Down, _) | (_, Some('j')) => self.scroll = (self.scroll + 1).min(count.saturating_sub(1)),
            _ => {}
        }
        Verdict::Stay
    }

    pub(super) fn view(&self, state: &State, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let notices = &state.options.notices;
        let width = screen.width.saturating_sub(4).min(100);
        let height = screen.height.saturating_sub(4).min(20);
        let inner = frame("Notices", skin, screen, (width, height), buf);
        if notices.is_empty() {
            text::put(buf, inner.x, inner.y, "nothing went wrong", skin.get(Role::Dim), inner.width);
        }
        let wrap = |text: &String| stage::wrap(vec![(text.clone(), Role::Text)], inner.width.into());
        let lines = notices.iter().rev().skip(self.scroll).flat_map(wrap);
        for (line, y) in lines.zip(inner.y..inner.bottom()) {
            let pieces: Vec<text::Piece> = line.into_iter().map(|(t, r)| (t, skin.get(r))).collect();
            text::put_line(buf, Rect { y, height: 1, ..inner }, &pieces);
        }
    }
}
