//! What a running command may say.

use serde::Serialize;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;

/// How weighty a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something was left alone or passed over.
    Warn,
}

/// A yes-or-no question to the user.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What exactly would be done after a yes, a line each; two blanks in front belong to the line above.
    pub plan: Vec<String>,
    /// Where the answer goes; dropping it means no.
    pub reply: oneshot::Sender<bool>,
}

/// One event of a run. `Finished` comes exactly once, and last.
#[derive(Debug)]
pub enum Event {
    /// It was taken up.
    Started {
        /// The command as it was understood.
        command: String,
    },
    /// It moves on.
    Progress {
        /// Steps done.
        done: u64,
        /// Steps in all, as far as known.
        total: u64,
        /// What was just done.
        label: String,
    },
    /// A part of the result, as it comes in.
    Item(Value),
    /// Something to tell.
    Notice {
        /// How weighty it is.
        level: Level,
        /// In words.
        text: String,
    },
    /// It waits for an answer. Goes only to doors that can give one.
    Ask(Question),
    /// It ended.
    Finished {
        /// The result, whole or in part.
        result: Option<Value>,
        /// Why it is not the whole, or missing.
        error: Option<Error>,
        /// Milliseconds that it took.
        ms: u64,
    },
}

/// A command's mouth.
#[derive(Clone, Debug)]
pub struct Emit(mpsc::Sender<Event>);

impl Emit {
    /// Speaks into a channel.
    pub const fn new(to: mpsc::Sender<Event>) -> Self {
        Self(to)
    }

    /// An emitter that nobody hears.
    pub fn silent() -> Self {
        Self(mpsc::channel(1).0)
    }

    /// Says how far it is. Progress is a picture of the moment: when the listener is behind, it is dropped.
    pub fn progress(&self, done: u64, total: u64, label: impl Into<String>) {
        let _ = self.0.try_send(Event::Progress { done, total, label: label.into() });
    }

    /// Gives a part of the result.
    pub async fn item(&self, item: &impl Serialize) {
        if let Ok(value) = serde_json::to_value(item) {
            // A listener that went away is no reason to stop.
            let _ = self.0.send(Event::Item(value)).await;
        }
    }

    /// Tells something.
    pub async fn notice(&self, level: Level, text: impl Into<String>) {
        let _ = self.0.send(Event::Notice { level, text: text.into() }).await;
    }

    /// Asks, with what would be done after a yes; no answer is a no.
    pub async fn ask(&self, text: impl Into<String>, plan: Vec<String>) -> bool {
        let (reply, answer) = oneshot::channel();
        let question = Question { text: text.into(), plan, reply };
        if self.0.send(Event::Ask(question)).await.is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }

    pub(super) async fn send(&self, event: Event) {
        let _ = self.0.send(event).await;
    }
}
