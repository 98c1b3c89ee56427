//! A question, of a running command or of a key: yes or no.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::oneshot;

use super::{Verdict, frame};
use crate::cockpit::job::JobId;
use crate::cockpit::skin::Skin;
use crate::cockpit::stage;
use crate::cockpit::template::{Filling, Template};
use crate::cockpit::text;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

/// A question. Dropping it unanswered means no.
#[derive(Debug)]
pub struct Confirm {
    /// The line that it is about.
    pub line: String,
    /// What is asked.
    pub question: String,
    /// What waits for the answer.
    pub then: Then,
}

/// What waits for an answer.
#[derive(Debug)]
pub enum Then {
    /// A command that runs.
    Answer(JobId, oneshot::Sender<bool>),
    /// A line that is run after a yes.
    GoOn(Template, Filling),
}

impl Confirm {
    /// Whether that command asks it.
    pub fn is_of(&self, id: JobId) -> bool {
        matches!(self.then, Then::Answer(job, _) if job == id)
    }

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
