//! What a command is, and the list that the engine is given.

use std::future::Future;

use clap::ArgMatches;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Ctx;
use crate::error::{Error, Result};
use crate::fleet::Duplex;
use crate::live::client::Attached;
use crate::model::live::Sizes;
use crate::model::{HostName, LiveId};
use crate::wire::holder::Attach;

/// How far a command reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// It only looks.
    Reads,
    /// It makes or changes something; it is journalled.
    Writes,
    /// It removes something; it asks first.
    Destroys,
}

impl Touch {
    /// The word in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Destroys => "destroys",
        }
    }
}

/// What `--timeout` means for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The engine ends the whole command with `timeout`.
    Whole,
    /// Each host has it; the command fans out and does not end as a whole.
    PerHost,
    /// The command itself reads `options.timeout`.
    Own,
}

/// A result, and the failure beside it when only a part succeeded.
#[derive(Clone, Debug)]
pub struct Done<T> {
    /// The result.
    pub value: T,
    /// Why it is not the whole.
    pub error: Option<Error>,
}

impl<T> From<T> for Done<T> {
    fn from(value: T) -> Self {
        Self { value, error: None }
    }
}

impl<T> Done<T> {
    /// A result with the failure (if any) beside it.
    pub const fn with(value: T, error: Option<Error>) -> Self {
        Self { value, error }
    }

    /// The same failure with another result.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Done<U> {
        Done { value: f(self.value), error: self.error }
    }
}

/// A command: its arguments are the struct, its behaviour is `run`.
pub trait Command:
    clap::Args + clap::FromArgMatches + Serialize + DeserializeOwned + Send + Sync + Sized + 'static
{
    /// How far it reaches.
    const TOUCH: Touch;
    /// What `--timeout` means for it.
    const DEADLINE: Deadline = Deadline::Whole;
    /// Its result.
    type Output: Serialize + Send;

    /// The question that is asked first, if any. `--yes` answers it.
    fn asks(&self) -> Option<String> {
        (Self::TOUCH == Touch::Destroys).then(|| "This removes something. Go on?".to_owned())
    }

    /// What exactly it would do, a line each, shown below the question. Looked for only when a person
    /// is about to be asked; an error is the answer to the whole command.
    fn plan(&self, _cx: &Ctx) -> impl Future<Output = Result<Vec<String>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Does it.
    fn run(self, cx: &Ctx) -> impl Future<Output = Result<Done<Self::Output>>> + Send;
}

/// A command that gives the terminal to something that goes on.
pub trait Stream:
    clap::Args + clap::FromArgMatches + Serialize + DeserializeOwned + Send + Sync + Sized + 'static
{
    /// How far it reaches.
    const TOUCH: Touch;

    /// Opens it.
    fn open(self, cx: &Ctx) -> impl Future<Output = Result<Opened>> + Send;
}

/// A live session that a terminal can be given to.
pub struct Opened {
    /// The session.
    pub id: LiveId,
    /// Its host.
    pub host: HostName,
    /// Frames of the holder's protocol, both ways.
    pub io: Duplex,
    /// Nothing is typed, and the size does not count.
    pub read_only: bool,
    /// Which size the session has while this is the active client.
    pub sizes: Sizes,
}

impl Opened {
    /// Shows it on a screen of ours, with up to `history` lines above it.
    pub fn on_screen(self, cols: u16, rows: u16, history: u32) -> Attached {
        let (read_only, sizes) = (self.read_only, self.sizes);
        Attached::new(self.io, Attach { cols, rows, history, read_only, sizes, ..Attach::default() })
    }
}

/// A typed command without its type.
pub trait Runnable: Send + Sync {
    /// See [`Command::asks`].
    fn asks(&self) -> Option<String>;
    /// See [`Command::plan`].
    fn plan<'a>(&'a self, cx: &'a Ctx) -> BoxFuture<'a, Result<Vec<String>>>;
    /// See [`Command::run`].
    fn run(self: Box<Self>, cx: Ctx) -> BoxFuture<'static, Result<Done<Value>>>;
}

struct Typed<C>(C);

impl<C: Command> Runnable for Typed<C> {
    fn asks(&self) -> Option<String> {
        self.0.asks()
    }

    fn plan<'a>(&'a self, cx: &'a Ctx) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(self.0.plan(cx))
    }

    fn run(self: Box<Self>, cx: Ctx) -> BoxFuture<'static, Result<Done<Value>>> {
        Box::pin(async move {
            let done = self.0.run(&cx).await?;
            Ok(Done { value: serde_json::to_value(done.value)?, error: done.error })
        })
    }
}

type Decode = fn(Map<String, Value>) -> Result<Box<dyn Runnable>>;
type OpenFn = fn(Map<String, Value>, Ctx) -> BoxFuture<'static, Result<Opened>>;

/// What an entry does.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// It is run and has a result.
    Run(Decode),
    /// It needs a terminal.
    Open(OpenFn),
    /// It only makes sense on the cockpit's screen, which acts on it.
    Screen,
}

/// A row of the command table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its words: `session start`.
    pub name: &'static str,
    /// How far it reaches.
    pub touch: Touch,
    /// What `--timeout` means for it.
    pub deadline: Deadline,
    /// What it does.
    pub body: Body,
    /// Puts its description and arguments into the grammar.
    pub augment: fn(clap::Command) -> clap::Command,
    /// Reads its arguments out of the grammar's matches.
    pub read: fn(&ArgMatches) -> Result<Map<String, Value>>,
}

impl Entry {
    /// The row of a [`Command`].
    pub const fn run<C: Command>(name: &'static str) -> Self {
        Self {
            name,
            touch: C::TOUCH,
            deadline: C::DEADLINE,
            body: Body::Run(|args| Ok(Box::new(Typed(decode::<C>(args)?)))),
            augment: C::augment_args,
            read: read::<C>,
        }
    }

    /// The row of a [`Stream`].
    pub const fn open<S: Stream>(name: &'static str) -> Self {
        Self {
            name,
            touch: S::TOUCH,
            deadline: Deadline::Own,
            body: Body::Open(|args, cx| Box::pin(async move { decode::<S>(args)?.open(&cx).await })),
            augment: S::augment_args,
            read: read::<S>,
        }
    }

    /// The row of a verb of the screen with these arguments.
    pub const fn screen<A>(name: &'static str) -> Self
    where
        A: clap::Args + clap::FromArgMatches + Serialize,
    {
        Self {
            name,
            touch: Touch::Reads,
            deadline: Deadline::Own,
            body: Body::Screen,
            augment: A::augment_args,
            read: read::<A>,
        }
    }
}

fn read<A: clap::FromArgMatches + Serialize>(matches: &ArgMatches) -> Result<Map<String, Value>> {
    let typed = A::from_arg_matches(matches).map_err(|e| Error::usage(e.to_string()))?;
    match serde_json::to_value(typed)? {
        Value::Object(map) => Ok(map),
        // A struct without fields.
        _ => Ok(Map::new()),
    }
}

/// Arguments as their struct. Strict: a key that the struct does not know is an error. (serde's
/// own `deny_unknown_fields` does not work together with flattened groups.)
fn decode<A: Serialize + DeserializeOwned>(args: Map<String, Value>) -> Result<A> {
    let keys: Vec<String> = args.keys().cloned().collect();
    let typed: A = serde_json::from_value(Value::Object(args))
        .map_err(|e| Error::usage(format!("the arguments do not fit: {e}")))?;
    let known = serde_json::to_value(&typed)?;
    match keys.into_iter().find(|key| known.get(key).is_none()) {
        Some(key) => Err(Error::usage(format!("no argument is called `{key}`"))),
        None => Ok(typed),
    }
}

/// The list of commands, as the engine sees it.
pub trait Catalog: Sync {
    /// Every row.
    fn entries(&self) -> &'static [Entry];

    /// The row of a name.
    fn find(&self, name: &str) -> Option<&'static Entry> {
        self.entries().iter().find(|entry| entry.name == name)
    }
}
