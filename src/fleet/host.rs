//! What can be done on a host, whichever way it is reached.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};

use crate::error::{Error, Result};
use crate::model::HostName;
use crate::sys::socket::Socket;

/// A two-way stream of bytes to something on a host.
pub type Duplex = Box<dyn DuplexIo>;

/// What a [`Duplex`] can do.
pub trait DuplexIo: AsyncRead + AsyncWrite + Send + Unpin {
    /// The same stream, waited for by the runtime that this is called on, if it was by another: then no other
    /// thread has to be woken for each piece that comes.
    ///
    /// # Errors
    /// When the system has no room for it.
    fn moved(self: Box<Self>) -> std::io::Result<Duplex>;
}

impl DuplexIo for Socket {
    fn moved(self: Box<Self>) -> std::io::Result<Duplex> {
        Ok(Box::new(Self::moved(*self)?))
    }
}

/// In memory, so nothing waits for it but who reads.
impl DuplexIo for DuplexStream {
    fn moved(self: Box<Self>) -> std::io::Result<Duplex> {
        Ok(self)
    }
}

/// A piece of POSIX shell that runs on a host: one of many in one round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The script. It runs in a subshell of `/bin/sh` that stands in the home folder, with no
    /// standard input. Words that are not ours are quoted by the caller.
    pub script: String,
    /// Steps with the same lane run one after the other; lanes run side by side.
    pub lane: u32,
}

/// What a [`Step`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit status; 128 + signal when a signal ended it.
    pub status: i32,
    /// Standard output, whole.
    pub stdout: String,
    /// Standard error, whole.
    pub stderr: String,
}

/// A machine that can be asked.
pub trait Host: Send + Sync {
    /// What we call it.
    fn name(&self) -> &HostName;

    /// Why a host that failed lately need not be asked again yet; only for looks that nobody asked for.
    fn resting(&self) -> Option<Error> {
        None
    }

    /// Runs all steps in one round trip; an output for each, in order. A step that fails is no
    /// error here. At most `jobs` lanes run at once.
    fn steps(&self, steps: Vec<Step>, jobs: usize) -> BoxFuture<'_, Result<Vec<Output>>>;

    /// Runs a script that takes over its standard input once it has printed the line `ready`:
    /// input and output from there on. For transfers to a host that has no sf yet; closing the
    /// write half ends the script's input. Hosts that have no shell to talk to are `unsupported`.
    fn pipe<'a>(&'a self, script: &'a str, ready: &'a str) -> BoxFuture<'a, Result<Duplex>> {
        let _ = (script, ready);
        let refusal = Error::unsupported(format!("nothing can be sent to host `{}`", self.name()));
        Box::pin(async move { Err(refusal) })
    }

    /// Asks the sf on that host; the names and shapes are those of the [`Calls`] behind it.
    ///
    /// Fails with `unsupported` when there is none (`sf bootstrap` puts it there).
    fn call<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Value>>;

    /// The same for something that goes on: bytes both ways until either side closes.
    fn open<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Duplex>>;
}

/// The host side: what the sf on a machine does when it is asked. The local host calls it
/// directly, a remote one through the agent; it is the same object.
pub trait Calls: Send + Sync {
    /// Answers one question.
    fn call<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Value>>;

    /// Opens a stream.
    fn open<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Duplex>>;
}

/// A shared [`Calls`].
pub type SharedCalls = Arc<dyn Calls>;
