//! Questions that the screen asks by itself: pages, searches, lists. They are neither journalled nor
//! shown as jobs; of one kind only the newest is of interest, and ends the one before.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::job::JobId;
use super::msg::Msg;
use super::shelf::Health;
use super::stage::talk::{Chunk, Want};
use super::syntax;
use crate::command::line;
use crate::engine::{Engine, Event, Origin};
use crate::error::{Error, Result};
use crate::model::TranscriptId;
use crate::model::transcript::{Hit, TranscriptRow};

/// How long typing has to rest before it is searched for.
const REST: Duration = Duration::from_millis(60);

/// Kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Read,
    Find,
    List,
    Health,
    Search,
}

/// Asks, and passes answers on as messages.
pub struct Asker {
    engine: Engine,
    inbox: mpsc::Sender<Msg>,
    running: HashMap<Kind, JoinHandle<()>>,
}

impl Asker {
    /// Somebody who asks an engine.
    pub fn new(engine: Engine, inbox: mpsc::Sender<Msg>) -> Self {
        Self { engine, inbox, running: HashMap::new() }
    }

    /// Runs a line after a rest; the same kind of question ends that was asked before.
    fn ask(
        &mut self,
        kind: Kind,
        words: Vec<String>,
        rest: Duration,
        answer: impl FnOnce(Result<Value>) -> Msg + Send + 'static,
    ) {
        let (engine, inbox) = (self.engine.clone(), self.inbox.clone());
        let task = self.engine.runtime().spawn(async move {
            tokio::time::sleep(rest).await;
            let found = run(&engine, &words).await;
            // Large answers are taken apart here, not where the screen is drawn.
            let _ = inbox.send(answer(found)).await;
        });
        if let Some(before) = self.running.insert(kind, task) {
            before.abort();
        }
    }

    /// Messages of a transcript.
    pub fn read(&mut self, id: TranscriptId, want: Want) {
        let mut words = vec!["show".to_owned(), id.as_str().to_owned()];
        words.extend(want.words());
        self.ask(Kind::Read, words, Duration::ZERO, move |found| Msg::Read(id, want, found.map(Chunk::of)));
    }

    /// The messages of a transcript that have a text.
    pub fn find(&mut self, id: TranscriptId, text: String) {
        let words = ["show", id.as_str(), &format!("--find={text}")].map(str::to_owned).to_vec();
        self.ask(Kind::Find, words, REST, move |found| {
            let place = |hit: &Value| hit.get("place").and_then(Value::as_u64);
            let places = |shown: Value| {
                let found = shown.get("found").and_then(Value::as_array);
                found.map_or(Vec::new(), |all| all.iter().filter_map(place).collect())
            };
            Msg::Found(id, text, found.map(places))
        });
    }

    /// All transcripts.
    pub fn list(&mut self) {
        let words = ["list", "--limit", "0"].map(str::to_owned).to_vec();
        self.ask(Kind::List, words, Duration::ZERO, |found| Msg::Listed(typed::<Vec<TranscriptRow>>(found)));
    }

    /// How capturing goes.
    pub fn health(&mut self) {
        let words = ["watcher", "list"].map(str::to_owned).to_vec();
        self.ask(Kind::Health, words, Duration::ZERO, |found| Msg::Health(typed::<Vec<Health>>(found)));
    }

    /// Runs a search; without words, only ends the last one.
    pub fn search(&mut self, token: u64, words: Vec<String>) {
        if words.is_empty() {
            if let Some(before) = self.running.remove(&Kind::Search) {
                before.abort();
            }
            return;
        }
        self.ask(Kind::Search, words, REST, move |found| {
            Msg::Hits(token, typed::<Found>(found).map(|found| (found.total, found.hits)))
        });
    }

    /// Finds the colours of what a command has found, all in one go.
    pub fn paint(&self, id: JobId, pieces: Vec<(u64, String, String)>) {
        let inbox = self.inbox.clone();
        self.engine.runtime().spawn_blocking(move || {
            let painted = pieces.into_iter();
            let painted = painted.filter_map(|(key, lang, text)| Some((key, syntax::paint(&lang, &text)?)));
            let _ = inbox.blocking_send(Msg::Painted(id, painted.collect()));
        });
    }

    /// Finds colours, one piece after the other.
    pub fn color(&self, id: TranscriptId, pieces: Vec<(u64, String, String)>) {
        let inbox = self.inbox.clone();
        self.engine.runtime().spawn_blocking(move || {
            for (key, lang, text) in pieces {
                let colours = syntax::paint(&lang, &text);
                if inbox.blocking_send(Msg::Colored(id.clone(), key, colours)).is_err() {
                    return;
                }
            }
        });
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.running.values().for_each(JoinHandle::abort);
    }
}

#[derive(serde::Deserialize)]
struct Found {
    total: u64,
    hits: Vec<Hit>,
}

fn typed<T: serde::de::DeserializeOwned>(found: Result<Value>) -> Result<T> {
    Ok(serde_json::from_value(found?)?)
}

/// Runs a line to its end. Dropped, it interrupts the command.
async fn run(engine: &Engine, words: &[String]) -> Result<Value> {
    let parsed = line::parse(words).map_err(line::Refused::into_error)?;
    let mut run = engine.submit(parsed.call(Origin::Ui, engine.settings().jobs));
    let _interrupted: DropGuard = CancellationToken::drop_guard(run.cancel.clone());
    while let Some(event) = run.events.recv().await {
        if let Event::Finished { result, error, .. } = event {
            return match (result, error) {
                (_, Some(error)) => Err(error),
                (Some(result), None) => Ok(result),
                (None, None) => Err(Error::internal(format!("`{}` said nothing", words.join(" ")))),
            };
        }
    }
    Err(Error::internal(format!("`{}` ended without a word", words.join(" "))))
}
