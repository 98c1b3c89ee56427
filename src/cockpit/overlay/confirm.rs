//! A question, of a running command or of a key: yes or no.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::oneshot;

use super::{Verdict, frame};
use crate::cockpit::job::JobId;
use crate::cockpit::skin::Skin;
use crate::cockpit::stage;
use crate::cockpit::stage::Line;
use crate::cockpit::template::{Filling, Template};
use crate::cockpit::text;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

/// Lines of a plan that a page scrolls.
const PAGE: isize = 8;

/// A question. Dropping it unanswered means no.
#[derive(Debug)]
pub struct Confirm {
    /// The line that it is about.
    pub line: String,
    /// What is asked.
    pub question: String,
    /// What would be done after a yes, a line each; two blanks in front belong to the line above.
    pub plan: Vec<String>,
    /// The first line of the plan that is shown.
    pub first: usize,
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

    /// Only `y` is a yes: Enter is too easily pressed. What does not fit is scrolled to.
    pub(super) fn key(&mut self, chord: Chord) -> Verdict {
        let by = match (chord.key, chord.text()) {
            (Key::Down, _) | (_, Some('j')) => 1,
            (Key::Up, _) | (_, Some('k')) => -1,
            (Key::PageDown, _) | (_, Some(' ')) => PAGE,
            (Key::PageUp, _) => -PAGE,
            _ => 0,
        };
        let last = self.plan.len().saturating_sub(1);
        self.first = self.first.saturating_add_signed(by).min(last);
        match chord.text() {
            Some('y' | 'Y') => Verdict::Answer(true),
            Some('n' | 'N' | 'q') => Verdict::Answer(false),
            _ if chord.key == Key::Escape => Verdict::Answer(false),
            _ => Verdict::Stay,
        }
    }

    pub(super) fn view(&self, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let longest = self.plan.iter().map(|line| text::width(line)).max().unwrap_or(0);
        let wide = u16::try_from(longest).unwrap_or(u16::MAX).clamp(64, 110);
        let width = screen.width.saturating_sub(4).min(wide).max(8);
        let question = stage::wrap(vec![(self.question.clone(), Role::Text)], width.into());
        let plan: Vec<Vec<Line>> = self.plan.iter().map(|line| planned(line, width.into())).collect();
        let all: usize = plan.iter().map(Vec::len).sum();
        let gap = usize::from(!plan.is_empty());
        let height = u16::try_from(question.len() + gap + all + 2).unwrap_or(u16::MAX);
        let inner = frame(&text::clean(&self.line), skin, screen, (width, height), buf);
        // The answer is never scrolled away.
        let last = inner.bottom().saturating_sub(1);
        let room = usize::from(last.saturating_sub(inner.y)).saturating_sub(question.len() + gap + 1);
        // As far down as leaves no row empty.
        let mut first = self.first.min(plan.len());
        let rows = |from: usize| plan[from..].iter().map(Vec::len).sum::<usize>();
        while first > 0 && rows(first - 1) <= room {
            first -= 1;
        }
        let hidden = (first > 0, rows(first).saturating_sub(room));
        let space = std::iter::repeat_n(Line::new(), gap);
        let shown = plan[first..].iter().flatten().take(room).cloned();
        let lines = question.into_iter().chain(space).chain(shown);
        for (line, y) in lines.zip(inner.y..last) {
            let pieces: Vec<text::Piece> = line.iter().map(|(t, r)| (t.clone(), skin.get(*r))).collect();
            text::put_line(buf, Rect { y, height: 1, ..inner }, &pieces);
        }
        let (key, hint) = (skin.get(Role::Key), skin.get(Role::Hint));
        let mut answer = vec![("y", key), ("  yes    ", hint), ("n", key), ("  no", hint)];
        let more = match hidden {
            (false, 0) => String::new(),
            (true, 0) => "    ↑ more above".to_owned(),
            (_, rows) => format!("    ↓ {rows} more below"),
        };
        answer.push((&more, hint));
        let answer: Vec<text::Piece> = answer.into_iter().map(|(t, style)| (t.to_owned(), style)).collect();
        text::put_line(buf, Rect { y: last, height: 1, ..inner }, &answer);
    }
}

/// A line of a plan: what it is about, and below it what would be lost.
fn planned(line: &str, width: usize) -> Vec<Line> {
    let clean = text::clean(line);
    match clean.strip_prefix("  ") {
        Some(loss) => stage::hang(vec![(loss.to_owned(), Role::Warn)], width, "    ", "      "),
        None => stage::hang(vec![(clean, Role::Text)], width, "", "  "),
    }
}
