//! A question of a running command: yes or no.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::oneshot;

use super::{Verdict, frame};
use crate::cockpit::job::JobId;
use crate::cockpit::skin::Skin;
use crate::cockpit::stage;
use crate::cockpit::text;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

/// A question. Dropping it unanswered means no.
#[derive(Debug)]
pub struct Confirm {
    /// The command that asks.
    pub job: JobId,
    /// Its line.
    pub line: String,
    /// What it asks.
    pub question: String,
    /// Where the answer goes.
    pub reply: oneshot::Sender<bool>,
}

impl Confirm {
    /// Only `y` is a yes: Enter is too easily pressed.
    pub(super) fn key(chord: Chord) -> Verdict {
        match chord.text() {
            Some('y' | 'Y') => Verdict::Answer(true),
            Some('n' | 'N' | 'q') => Verdict::Answer(false),
            _ if chord.key == Key::Escape => Verdict::Answer(false),
            _ => Verdict::Stay,
        }
    }

    pub(super) fn view(&self, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let width = screen.width.saturating_sub(4).min(64);
        let lines = stage::wrap(vec![(self.question.clone(), Role::Text)], width.max(8).into());
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
        let inner = frame(&text::clean(&self.line), skin, screen, (width, height), buf);
        // The answer is never scrolled away.
        let last = inner.bottom().saturating_sub(1);
        for (line, y) in lines.iter().zip(inner.y..last) {
            let pieces: Vec<text::Piece> = line.iter().map(|(t, r)| (t.clone(), skin.get(*r))).collect();
            text::put_line(buf, Rect { y, height: 1, ..inner }, &pieces);
        }
        let (key, hint) = (skin.get(Role::Key), skin.get(Role::Hint));
        let answer = [("y", key), ("  yes    ", hint), ("n", key), ("  no", hint)];
        let answer = answer.map(|(t, style)| (t.to_owned(), style));
        text::put_line(buf, Rect { y: last, height: 1, ..inner }, &answer);
    }
}
