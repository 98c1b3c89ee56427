//! Commands that were run from here, and what they said.

use std::collections::VecDeque;

use serde_json::Value;

use super::stage::Changes;
use crate::engine::{Event, Level, Question};
use crate::error::{Code, Error};
use crate::model::Time;

/// A command's number in this cockpit, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Jobs that are remembered.
const MOST_JOBS: usize = 50;
/// Items and notices that are kept of each.
const MOST_LINES: usize = 500;

/// A command that runs or ran.
#[derive(Debug)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Its name in the table.
    pub name: &'static str,
    /// Its line.
    pub line: String,
    /// When it was begun.
    pub started: Time,
    /// Steps done and in all, as far as known.
    pub progress: Option<(u64, u64)>,
    /// The newest step of each place (what stands before the colon), in order of appearance.
    pub steps: Vec<(String, String)>,
    /// Parts of the result.
    pub items: Vec<Value>,
    /// What it told.
    pub notices: Vec<(Level, String)>,
    /// Whether it waits for an answer.
    pub asking: bool,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The differences of a worktree that it found, laid out.
    pub changes: Option<Box<Changes>>,
}

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its result, whole or in part.
    pub result: Option<Value>,
    /// Why it is not the whole, or missing.
    pub error: Option<Error>,
    /// Milliseconds that it took.
    pub ms: u64,
}

impl Outcome {
    /// Whether it did what it was told to.
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }

    /// Whether the person interrupted it.
    pub fn is_cancelled(&self) -> bool {
        self.error.as_ref().is_some_and(|e| e.code == Code::Cancelled)
    }
}

impl Job {
    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        self.outcome.is_none()
    }

    /// Takes in what it says; gives back what it asks.
    fn hear(&mut self, event: Event) -> Option<Question> {
        match event {
            Event::Started { command } => self.line = command,
            Event::Progress { done, total, label } => {
                self.progress = Some((done, total));
                // `gpu-01 pay/core: fetching`: who, where, and what is done there.
                let (head, rest) =
                    label.split_once(": ").or_else(|| label.split_once(' ')).unwrap_or((label.as_str(), ""));
                let (head, rest) = (head.to_owned(), rest.to_owned());
                match self.steps.iter().position(|(known, _)| *known == head) {
                    Some(at) => self.steps[at].1 = rest,
                    None if self.steps.len() < MOST_LINES => self.steps.push((head, rest)),
                    None => {}
                }
            }
            Event::Item(value) if self.items.len() < MOST_LINES => self.items.push(value),
            Event::Notice { level, text } if self.notices.len() < MOST_LINES => {
                self.notices.push((level, text));
            }
            Event::Item(_) | Event::Notice { .. } => {}
            Event::Ask(question) => {
                self.asking = true;
                return Some(question);
            }
            Event::Finished { result, error, ms } => {
                self.asking = false;
                self.outcome = Some(Outcome { result, error, ms });
            }
        }
        None
    }
}

/// The commands of this cockpit, newest last.
#[derive(Debug, Default)]
pub struct Jobs {
    list: VecDeque<Job>,
    last: u64,
}

impl Jobs {
    /// Takes up a command.
    pub fn begin(&mut self, name: &'static str, line: String, now: Time) -> JobId {
        if self.list.len() == MOST_JOBS {
            let oldest = self.list.iter().position(|j| !j.runs()).unwrap_or(0);
            self.list.remove(oldest);
        }
        self.last += 1;
        let id = JobId(self.last);
        self.list.push_back(Job {
            id,
            name,
            line,
            started: now,
            progress: None,
            steps: Vec::new(),
            items: Vec::new(),
            notices: Vec::new(),
            asking: false,
            outcome: None,
            changes: None,
        });
        id
    }

    /// Takes in what a command says; gives back what it asks.
    pub fn hear(&mut self, id: JobId, event: Event) -> Option<Question> {
        self.list.iter_mut().find(|job| job.id == id)?.hear(event)
    }

    /// A job that has its answer.
    pub fn answered(&mut self, id: JobId) {
        if let Some(job) = self.list.iter_mut().find(|job| job.id == id) {
            job.asking = false;
        }
    }

    /// A job by number.
    pub fn get(&self, id: JobId) -> Option<&Job> {
        self.list.iter().find(|job| job.id == id)
    }

    /// A job by number, to be changed.
    pub fn get_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.id == id)
    }

    /// The one before another; the newest for none, and when there is none before it.
    pub fn before(&self, other: Option<JobId>) -> Option<&Job> {
        let before = other.and_then(|other| self.list.iter().rev().find(|job| job.id < other));
        before.or_else(|| self.list.back())
    }

    /// The newest that runs.
    pub fn running(&self) -> Option<&Job> {
        self.list.iter().rev().find(|job| job.runs())
    }

    /// How many run.
    pub fn count_running(&self) -> usize {
        self.list.iter().filter(|job| job.runs()).count()
    }
}
