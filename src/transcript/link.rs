//! Capture over a link: the host reads its tools' stores, and we record.
//!
//! The stream `capture.read` carries JSON lines both ways; the host remembers nothing.
//!
//! ```text
//! we                                     the host
//!   list {tool, known: progress}  ---->  find
//!                                 <----  found*, listed
//!   read {session, progress, held} --->  read
//!                                 <----  message* beside* read* skipped* checkpoint*
//!                                 <----  elsewhere?          (a fork asks whose a message is)
//!   elsewhere {owner, alone}      ---->
//!                                 <----  done
//!   finish                        ---->
//!                                 <----  finished {left out}
//! ```
//!
//! Our side is a [`crate::tool::Tool`] like any other, so what is recorded, and how, is the same as
//! for this machine. The stream's credit bounds what is under way.

mod far;
mod near;

pub use far::Far;
pub use near::open;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::fleet::Duplex;
use crate::model::message::Message;
use crate::tool::{Progress, Session, Skipped, Source};

/// The longest line. A message that is longer than that is damaged, or an attack.
const LINE_MAX: u64 = 512 << 20;

/// What we ask.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    /// Which sessions a tool has, and which of them have something new.
    List {
        /// The tool's id; a host may not know it yet.
        tool: String,
        /// How far each was read. What is known of a session as a whole stays here.
        #[serde(default)]
        known: BTreeMap<String, Progress>,
        /// Whether we understand [`Say::SkippedAt`] and [`Say::Finished`].
        #[serde(default)]
        details: bool,
    },
    /// What had to be left out: after all reads.
    Finish,
    /// What is new of a session that was listed.
    Read {
        native_id: String,
        #[serde(default)]
        progress: Box<Progress>,
        /// The messages that its transcript holds.
        #[serde(default)]
        held: HashSet<String>,
    },
    /// The answer to [`Say::Elsewhere`].
    Elsewhere {
        owner: Option<String>,
        /// Nothing else shares the root: no need to ask again for this session.
        #[serde(default)]
        alone: bool,
    },
}

/// What the host says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Say {
    Found(Box<Found>),
    Listed {
        /// Whether the host knows [`Ask::Finish`].
        #[serde(default)]
        details: bool,
        roots: Vec<PathBuf>,
        /// Roots that could not be read, and why.
        #[serde(default)]
        failed: Vec<(String, Error)>,
    },
    Message(Box<Message>),
    /// A line that the tool keeps beside the talk.
    Beside(Vec<u8>),
    BesideText(String),
    Read(u64),
    Skipped(u64),
    /// The same with the place.
    SkippedAt(Skipped),
    /// The answer to [`Ask::Finish`].
    Finished(Vec<Error>),
    Checkpoint(Box<Progress>),
    Elsewhere {
        root: String,
        msg_id: String,
    },
    Done {
        error: Option<Error>,
    },
}

/// A session as the host finds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Found {
    native_id: String,
    sources: Vec<Source>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    family: Option<String>,
    #[serde(default)]
    age: i64,
    /// Milliseconds since the epoch.
    #[serde(default)]
    changed: i64,
    /// Nothing happened to it since it was read.
    #[serde(default)]
    unchanged: bool,
}

impl Found {
    fn session(&self) -> Session {
        Session {
            native_id: self.native_id.clone(),
            sources: self.sources.clone(),
            title: self.title.clone(),
        }
    }
}

/// One end of the stream, for a thread that may block.
struct Line {
    reader: BufReader<ReadHalf<Duplex>>,
    writer: WriteHalf<Duplex>,
    handle: Handle,
    cancel: CancellationToken,
}

impl Line {
    fn new(io: Duplex, handle: Handle, cancel: CancellationToken) -> Self {
        let (reader, writer) = tokio::io::split(io);
        Self { reader: BufReader::with_capacity(64 << 10, reader), writer, handle, cancel }
    }

    /// Says something. Blocking.
    fn put(&mut self, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec(value)?;
        text.push(b'\n');
        let Self { writer, handle, cancel, .. } = self;
        handle.block_on(async {
            tokio::select! {
                done = async { writer.write_all(&text).await?; writer.flush().await } => done.map_err(|e| broken(&e)),
                () = cancel.cancelled() => Err(Error::cancelled()),
            }
        })
    }

    /// Hears something; `None` at the end. Blocking.
    fn get<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let Self { reader, handle, cancel, .. } = self;
        let mut text = Vec::new();
        let mut bounded = reader.take(LINE_MAX);
        let read = handle.block_on(async {
            tokio::select! {
                read = bounded.read_until(b'\n', &mut text) => read.map_err(|e| broken(&e)),
                () = cancel.cancelled() => Err(Error::cancelled()),
            }
        })?;
        if read == 0 {
            return Ok(None);
        }
        if text.last() != Some(&b'\n') {
            return Err(Error::unreachable("the link ended in the middle of a line"));
        }
        Ok(Some(serde_json::from_slice(&text)?))
    }
}

fn broken(error: &std::io::Error) -> Error {
    Error::unreachable(format!("the link broke: {error}"))
}
