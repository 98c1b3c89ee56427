//! The transcript that is read: a window of its messages, the row that is read, what is unfolded,
//! what is looked for.
//!
//! Nothing is laid out before it comes near the screen, and places are a message and a row of it,
//! never a row of the whole: a transcript of any length costs what is looked at.

mod find;
mod fold;
mod jump;
mod part;
mod places;
mod window;

use std::collections::HashMap;
use std::ops::Range;

use super::entry::{self, Entry, Folds, Paints};
use super::prose::Row;
use super::seek::Needle;
use super::talk::{Agent, Chunk, Said, Want};
use crate::cockpit::syntax::Colours;
use crate::error::Error;
use crate::model::{Time, TranscriptId};

/// Messages that are fetched at once.
const CHUNK: u64 = 100;
/// Messages that are kept; those farthest from what is read go first.
const MOST: usize = 2_000;
/// Rows between what is read and the edge, where there are so many.
const MARGIN: usize = 6;

/// A place: a message, and a row of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    entry: usize,
    row: usize,
}

/// What can be gone to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// What a person wrote.
    Prompt,
    /// Another speaker.
    Message,
    /// A call of a tool.
    Call,
    /// A piece of code.
    Code,
    /// What is looked for.
    Hit,
}

/// What is to be done once more messages are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Top,
    Bottom,
    Message(u64),
    Jump(Mark, bool),
}

/// A text that is looked for.
#[derive(Clone, Debug, Default)]
pub struct Find {
    /// As it was typed.
    pub text: String,
    needle: Option<Needle>,
    /// Places of messages that have it, in order, once that is known.
    found: Option<Vec<u64>>,
    /// Where it began.
    from: Place,
}

/// The transcript that is read.
#[derive(Debug)]
pub struct Reading {
    /// Which one.
    pub id: TranscriptId,
    entries: Vec<Entry>,
    /// Lines that are here: from the first to the last.
    lines: Range<u64>,
    /// The last line that there is, and the largest that was heard of elsewhere.
    last: u64,
    heard: u64,
    agents: HashMap<String, Agent>,
    results: HashMap<String, (usize, usize)>,
    calls: HashMap<String, usize>,
    folds: Folds,
    paints: Paints,
    model: Option<String>,
    size: (usize, usize),
    top: Place,
    at: Place,
    /// Whether the last row is read: then new ones are followed.
    follows: bool,
    asked: Option<Want>,
    then: Option<Then>,
    find: Option<Find>,
    problem: Option<Vec<Row>>,
    now: Time,
    zone: i64,
}

impl Reading {
    /// Takes in what `show` gave; `size` is that of the stage's text.
    pub fn new(id: TranscriptId, chunk: Chunk, size: (usize, usize), now: Time, zone: i64) -> Self {
        let mut reading = Self {
            id,
            entries: Vec::new(),
            lines: 1..1,
            last: 0,
            heard: 0,
            agents: HashMap::new(),
            results: HashMap::new(),
            calls: HashMap::new(),
            folds: Folds::default(),
            paints: Paints::default(),
            model: None,
            size,
            top: Place::default(),
            at: Place::default(),
            follows: false,
            asked: None,
            then: None,
            find: None,
            problem: None,
            now,
            zone,
        };
        reading.merge(Want::Newest, chunk);
        reading.bottom();
        reading.settle();
        reading
    }

    /// The same with a message in its middle.
    pub fn around(
        id: TranscriptId,
        seq: u64,
        chunk: Chunk,
        size: (usize, usize),
        now: Time,
        zone: i64,
    ) -> Self {
        let mut reading = Self::new(id, Chunk::default(), size, now, zone);
        reading.merge(Want::Around(seq), chunk);
        reading.go_to(seq);
        reading
    }

    /// Says why it cannot be read.
    pub fn failed(id: TranscriptId, error: &Error, size: (usize, usize)) -> Self {
        let mut reading = Self::new(id, Chunk::default(), size, Time::default(), 0);
        let mut rows = entry::problem(&error.message, size.0);
        for hint in &error.hints {
            rows.push(Row::new(vec![(format!("→ {hint}"), crate::config::theme::Role::Text)]));
        }
        reading.problem = Some(rows);
        reading
    }

    /// Takes in what was asked for.
    pub fn take(&mut self, want: Want, chunk: Chunk) {
        if self.asked == Some(want) {
            self.asked = None;
        }
        let covers = Self::covered(want, &chunk);
        if covers.start > self.lines.end || covers.end < self.lines.start {
            self.entries.clear();
        }
        let before = self.lines.clone();
        self.merge(want, chunk);
        if matches!(want, Want::Range(..)) && before == self.lines {
            self.give_up(want);
        }
        match self.then.take() {
            Some(Then::Top) => self.top(),
            Some(Then::Bottom) => self.bottom(),
            Some(Then::Message(seq)) => self.go_to(seq),
            Some(Then::Jump(mark, forward)) => {
                self.jump(mark, forward);
            }
            None => {}
        }
        self.settle();
    }

    /// What could not be fetched is not asked for again by itself.
    pub fn give_up(&mut self, want: Want) {
        if let Want::Range(from, to) = want {
            if to < self.lines.start {
                self.lines.start = 1;
            } else if from >= self.lines.end {
                self.last = self.lines.end - 1;
            }
        }
        (self.asked, self.then) = (None, None);
    }

    /// Lays it out for a size.
    pub fn fit(&mut self, size: (usize, usize)) {
        if size.0 != self.size.0 {
            self.entries.iter_mut().for_each(Entry::forget);
            // The row is another one in another width; about as far down is near enough.
            self.size = size;
            self.settle();
        } else if size != self.size {
            self.size = size;
            self.settle();
        }
    }

    /// What is said of the whole transcript, as of now.
    pub fn heed(&mut self, messages: u64, model: Option<&str>) {
        // Once: what was then asked for, and did not come, is not there.
        if messages > self.heard {
            (self.heard, self.last) = (messages, self.last.max(messages));
        }
        if self.model.as_deref() != model {
            self.model = model.map(str::to_owned);
            self.entries.iter_mut().for_each(Entry::forget);
            self.settle();
        }
    }

    /// Messages that are wanted next, if any are; each is asked for once.
    pub fn want(&mut self) -> Option<Want> {
        if self.asked.is_some() || self.problem.is_some() {
            return None;
        }
        let before = || Want::Range(self.lines.start.saturating_sub(CHUNK).max(1), self.lines.start - 1);
        let behind = || Want::Range(self.lines.end, self.lines.end + CHUNK - 1);
        let want = match self.then {
            Some(Then::Top) => Some(Want::Range(1, CHUNK)),
            Some(Then::Bottom) => Some(Want::Newest),
            Some(Then::Message(seq)) => Some(Want::Around(seq)),
            Some(Then::Jump(_, forward)) => Some(if forward { behind() } else { before() }),
            None => None,
        };
        let height = isize::try_from(self.size.1).unwrap_or(0) * 2;
        let want = want.or_else(|| {
            let near_top = self.lines.start > 1 && self.moved(self.top, -height).1 < height.unsigned_abs();
            near_top.then(|| Want::Range(self.lines.start.saturating_sub(CHUNK).max(1), self.lines.start - 1))
        });
        let want = want.or_else(|| {
            let more = self.lines.end <= self.last && !self.entries.is_empty();
            let near_end = more && self.moved(self.top, height).1 < height.unsigned_abs();
            near_end.then(|| Want::Range(self.lines.end, self.lines.end + CHUNK - 1))
        });
        // An empty transcript that has become one is read from its beginning.
        let want =
            want.or_else(|| (self.entries.is_empty() && self.lines.end <= self.last).then_some(Want::Newest));
        self.asked = want;
        want
    }

    /// Pieces of code that lie on the screen, or near it, and have no colours yet.
    pub fn wanted_colours(&mut self) -> Vec<(u64, String, String)> {
        self.paints.take_wanted()
    }

    /// Takes colours in.
    pub fn color(&mut self, key: u64, colours: Option<Colours>) {
        let Some(colours) = colours else { return };
        self.paints.learn(key, Some(std::sync::Arc::new(colours)));
        for entry in self.entries.iter_mut().filter(|e| e.codes.contains(&key)) {
            entry.forget();
        }
        self.settle();
    }

    /// The rows on the screen, and which of them is read.
    pub fn shown(&self) -> (Vec<&Row>, Option<usize>) {
        if let Some(problem) = &self.problem {
            return (problem.iter().collect(), None);
        }
        let mut rows = Vec::with_capacity(self.size.1);
        let mut read = None;
        let mut skip = self.top.row;
        for (i, entry) in self.entries.iter().enumerate().skip(self.top.entry) {
            for (n, row) in entry.rows.iter().flatten().enumerate().skip(std::mem::take(&mut skip)) {
                if rows.len() == self.size.1 {
                    return (rows, read);
                }
                if (Place { entry: i, row: n }) == self.at {
                    read = Some(rows.len());
                }
                rows.push(row);
            }
        }
        (rows, read)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.problem.is_none()
    }

    /// The number of the message that is read, and of all there are.
    pub fn position(&self) -> Option<(u64, u64)> {
        self.entries.get(self.at.entry).map(|e| (e.said.place, self.last))
    }

    /// Every row of the messages that are here.
    pub fn all_rows(&mut self) -> Vec<Row> {
        (0..self.entries.len()).flat_map(|i| self.rows(i).to_vec()).collect()
    }

    /// The messages that are here.
    pub fn said(&self) -> impl Iterator<Item = &Said> {
        self.entries.iter().map(|entry| &entry.said)
    }
}
