//! The client side of a link to the agent on a host: one channel, everything inside it.
//!
//! ```text
//! none ──call──► connecting ──hello──► open ──link ends──► none
//!                    │ no sf there, another protocol, no host
//!                    └──────────► error to the caller; the next call tries again
//! ```

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, DuplexStream, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::host::{Duplex, DuplexIo};
use super::mux::{self, Ends, Inbox, OUTBOX, Outbox};
use crate::error::{Error, Result};
use crate::wire::agent::{Ask, Frame, Hello, Kind, MESSAGE_MAX, PAYLOAD_MAX};

/// An open link. Ends when it is dropped.
pub(super) struct Link {
    outbox: Outbox,
    table: Arc<Table>,
    /// Where its streams are waited for, as it is itself.
    runtime: Handle,
    /// The version of the sf at the other end.
    program: String,
    _reading: DropGuard,
}

impl Link {
    /// Waits for the hello of an agent over a fresh connection; `None` when it ends before one, which
    /// may be the connection's fault or the agent's.
    ///
    /// # Errors
    /// `unsupported` when something of another protocol answers; `unreachable`, `corrupt`.
    pub(super) async fn hello(io: &mut (impl AsyncRead + Unpin)) -> Result<Option<Hello>> {
        let theirs = match mux::read_frame(io).await? {
            None => return Ok(None),
            Some(frame) if frame.kind == Kind::Hello => serde_json::from_slice::<Hello>(&frame.payload)?,
            Some(_) => return Err(Error::unsupported("no sf answers there")),
        };
        if !Hello::ours().speaks_with(&theirs) {
            return Err(Error::unsupported(format!("the sf there speaks protocol {}", theirs.version)));
        }
        Ok(Some(theirs))
    }

    /// Goes on after the agent's hello, and says ours. The runtime that this is called on waits for the link.
    ///
    /// # Errors
    /// `internal` when ours cannot be written.
    pub(super) async fn open(
        io: impl AsyncRead + AsyncWrite + Send + 'static,
        theirs: Hello,
    ) -> Result<Self> {
        let (reader, writer) = tokio::io::split(io);
        let mut reader = BufReader::new(reader);
        let (outbox, outgoing) = mpsc::channel(OUTBOX);
        let closed = CancellationToken::new();
        let table = Arc::new(Table(Mutex::new(Some(Channels { next: 1, slots: HashMap::new() }))));
        tokio::spawn({
            let (table, closed) = (Closing(table.clone()), closed.clone());
            async move {
                let incoming = async {
                    while let Ok(Some(frame)) = mux::read_frame(&mut reader).await {
                        table.0.put(frame);
                    }
                };
                tokio::select! {
                    () = incoming => {}
                    () = mux::write_frames(outgoing, writer) => {}
                    () = closed.cancelled() => {}
                }
            }
        });
        mux::send(&outbox, Kind::Hello, 0, &serde_json::to_vec(&Hello::ours())?).await;
        let runtime = Handle::current();
        Ok(Self { outbox, table, runtime, program: theirs.program, _reading: closed.drop_guard() })
    }

    /// The version of the sf at the other end.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Whether questions can still be asked.
    pub(super) fn is_open(&self) -> bool {
        self.table.lock().is_some()
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The host's own; `unreachable` when the link ends first.
    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value> {
        let (channel, answer) = self.table.add(None)?;
        let _pending = Pending { link: self, channel };
        let text = self.ask(Kind::Call, channel, method, params, answer).await?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Asks for a stream.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub(super) async fn stream(&self, method: &str, params: Value) -> Result<Duplex> {
        let mut ends = None;
        let (channel, answer) = self.table.add(Some((&self.outbox, &mut ends)))?;
        let pending = Pending { link: self, channel };
        self.ask(Kind::Open, channel, method, params, answer).await?;
        pending.keep();
        let (near, far) = tokio::io::duplex(PAYLOAD_MAX * 2);
        let dropped = CancellationToken::new();
        if let Some(ends) = ends {
            let (table, dropped) = (self.table.clone(), dropped.clone());
            self.runtime.spawn(async move {
                mux::pump(far, ends, dropped).await;
                table.remove(channel);
            });
        }
        Ok(Box::new(Near { io: near, _guard: dropped.drop_guard() }))
    }

    async fn ask(
        &self,
        kind: Kind,
        channel: u32,
        method: &str,
        params: Value,
        answer: oneshot::Receiver<Result<Vec<u8>>>,
    ) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(&Ask { method: method.to_owned(), params })?;
        if text.len() > MESSAGE_MAX {
            return Err(Error::unsupported(format!("the question `{method}` is too long")));
        }
        if !mux::send(&self.outbox, kind, channel, &text).await {
            return Err(gone());
        }
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> Error {
    Error::unreachable("the link to the agent ended")
}

/// A question that is given up is forgotten on both sides.
struct Pending<'a> {
    link: &'a Link,
    channel: u32,
}

impl Pending<'_> {
    /// The channel lives on: it carries a stream now. (No question ever has channel 0.)
    fn keep(mut self) {
        self.channel = 0;
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.link.table.remove(self.channel) {
            // With a full outbox the host works in vain; that is all.
            let _ = self.link.outbox.try_send(Frame::new(Kind::Reset, self.channel, []));
        }
    }
}

/// Who waits for what; `None` once the link has ended. Shared by the reader of the link and by
/// everybody who asks; each looks up or changes one entry and never waits inside.
struct Table(Mutex<Option<Channels>>);

struct Channels {
    next: u32,
    slots: HashMap<u32, Slot>,
}

struct Slot {
    parts: Vec<u8>,
    answer: Option<oneshot::Sender<Result<Vec<u8>>>>,
    inbox: Option<Inbox>,
}

type Answer = oneshot::Receiver<Result<Vec<u8>>>;

impl Table {
    fn lock(&self) -> MutexGuard<'_, Option<Channels>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new channel; with an outbox, one that a stream can follow on.
    fn add(&self, stream: Option<(&Outbox, &mut Option<Ends>)>) -> Result<(u32, Answer)> {
        let mut table = self.lock();
        let channels = table.as_mut().ok_or_else(gone)?;
        let channel = channels.next;
        channels.next = channel.checked_add(1).ok_or_else(gone)?;
        let (sender, answer) = oneshot::channel();
        let inbox = stream.map(|(outbox, to)| {
            let (inbox, ends) = mux::stream(channel, outbox.clone());
            *to = Some(ends);
            inbox
        });
        channels.slots.insert(channel, Slot { parts: Vec::new(), answer: Some(sender), inbox });
        Ok((channel, answer))
    }

    /// Whether the channel was still there, waiting for its answer.
    fn remove(&self, channel: u32) -> bool {
        let slot = self.lock().as_mut().and_then(|channels| channels.slots.remove(&channel));
        slot.is_some_and(|slot| slot.answer.is_some())
    }

    fn put(&self, frame: Frame) {
        let mut table = self.lock();
        let Some(slot) = table.as_mut().and_then(|channels| channels.slots.get_mut(&frame.channel)) else {
            return;
        };
        match frame.kind {
            Kind::Part if slot.parts.len() + frame.payload.len() <= MESSAGE_MAX => {
                slot.parts.extend_from_slice(&frame.payload);
            }
            Kind::Answer | Kind::Failure => {
                let mut text = std::mem::take(&mut slot.parts);
                text.extend_from_slice(&frame.payload);
                let answer = if frame.kind == Kind::Answer { Ok(text) } else { Err(failure(&text)) };
                if let Some(waiting) = slot.answer.take() {
                    // Whoever asked may have given up.
                    let _ = waiting.send(answer);
                }
            }
            Kind::Data | Kind::End | Kind::Credit | Kind::Reset => match &slot.inbox {
                Some(inbox) => inbox.put(frame),
                None => slot.answer = None,
            },
            Kind::Part | Kind::Hello | Kind::Call | Kind::Open => {}
        }
    }
}

/// Whoever waits hears of the end of the link, also where its runtime ends with it.
struct Closing(Arc<Table>);

impl Drop for Closing {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

fn failure(text: &[u8]) -> Error {
    serde_json::from_slice(text)
        .unwrap_or_else(|_| Error::internal("the agent failed in a way we cannot read"))
}

/// The near end of a stream.
struct Near {
    io: DuplexStream,
    _guard: DropGuard,
}

impl DuplexIo for Near {
    fn moved(self: Box<Self>) -> std::io::Result<Duplex> {
        Ok(self)
    }
}

impl AsyncRead for Near {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Near {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
