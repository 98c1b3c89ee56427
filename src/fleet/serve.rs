//! The host side of a link: answers questions and carries streams until the link ends. It keeps
//! nothing: whatever goes on after the link (sessions) lives in processes of its own.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::host::SharedCalls;
use super::mux::{self, Inbox, OUTBOX, Outbox};
use crate::error::{Code, Error, Result};
use crate::wire::agent::{Ask, Frame, Hello, Kind, MESSAGE_MAX};

/// Questions and streams at once.
const CHANNELS: usize = 1024;

/// Serves one client until it goes away.
///
/// # Errors
/// `corrupt` when what comes are no frames, `unsupported` when the client speaks no version of ours.
pub async fn serve(
    calls: SharedCalls,
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<()> {
    let mut reader = BufReader::new(reader);
    let (outbox, outgoing) = mpsc::channel(OUTBOX);
    let writing = tokio::spawn(mux::write_frames(outgoing, writer));
    mux::send(&outbox, Kind::Hello, 0, &serde_json::to_vec(&Hello::ours())?).await;
    let theirs = match mux::read_frame(&mut reader).await? {
        None => return Ok(()),
        Some(frame) if frame.kind == Kind::Hello => serde_json::from_slice::<Hello>(&frame.payload)?,
        Some(_) => return Err(Error::corrupt("the client does not say hello")),
    };
    if !Hello::ours().speaks_with(&theirs) {
        return Err(Error::unsupported(format!("the client speaks protocol {}", theirs.version)));
    }
    let (frames, incoming) = mpsc::channel(OUTBOX);
    let reading = tokio::spawn(async move {
        while let Some(frame) = mux::read_frame(&mut reader).await? {
            if frames.send(frame).await.is_err() {
                break;
            }
        }
        Ok::<(), Error>(())
    });
    Server { calls, outbox, channels: HashMap::new(), tasks: JoinSet::new() }.run(incoming).await;
    writing.abort();
    reading.await.map_err(|e| Error::internal(format!("reading the link: {e}")))?
}

/// One client.
struct Server {
    calls: SharedCalls,
    outbox: Outbox,
    channels: HashMap<u32, Channel>,
    tasks: JoinSet<u32>,
}

/// One question or stream.
#[derive(Default)]
struct Channel {
    /// The message so far.
    parts: Vec<u8>,
    task: Option<AbortHandle>,
    inbox: Option<Inbox>,
}

impl Server {
    async fn run(mut self, mut incoming: mpsc::Receiver<Frame>) {
        loop {
            tokio::select! {
                frame = incoming.recv() => match frame {
                    Some(frame) => self.take(frame),
                    // Every task ends with the set.
                    None => return,
                },
                Some(done) = self.tasks.join_next() => {
                    if let Ok(channel) = done {
                        self.channels.remove(&channel);
                    }
                }
            }
        }
    }

    fn take(&mut self, frame: Frame) {
        let channel = frame.channel;
        match frame.kind {
            Kind::Part => {
                if self.channels.len() < CHANNELS || self.channels.contains_key(&channel) {
                    let slot = self.channels.entry(channel).or_default();
                    if slot.parts.len() + frame.payload.len() <= MESSAGE_MAX {
                        slot.parts.extend_from_slice(&frame.payload);
                    }
                }
            }
            Kind::Call | Kind::Open => self.begin(frame),
            Kind::Data | Kind::End | Kind::Credit => {
                if let Some(inbox) = self.channels.get(&channel).and_then(|slot| slot.inbox.as_ref()) {
                    inbox.put(frame);
                }
            }
            Kind::Reset => {
                // A stream hears of it as its inbox goes away, and delivers what came before.
                if let Some(Channel { task: Some(task), inbox: None, .. }) = self.channels.remove(&channel) {
                    task.abort();
                }
            }
            Kind::Hello | Kind::Answer | Kind::Failure => {}
        }
    }

    fn begin(&mut self, frame: Frame) {
        let (kind, channel) = (frame.kind, frame.channel);
        let busy = self.channels.len() >= CHANNELS;
        let slot = self.channels.entry(channel).or_default();
        if slot.task.is_some() {
            return;
        }
        let mut text = std::mem::take(&mut slot.parts);
        text.extend_from_slice(&frame.payload);
        let (calls, outbox) = (self.calls.clone(), self.outbox.clone());
        let refused = busy.then(|| Error::refused(format!("{CHANNELS} questions are open already")));
        let ask = refused.map_or_else(|| Ok(serde_json::from_slice::<Ask>(&text)?), Err);
        let ends = (kind == Kind::Open).then(|| {
            let (inbox, ends) = mux::stream(channel, outbox.clone());
            slot.inbox = Some(inbox);
            ends
        });
        let work = async move {
            match ends {
                Some(ends) => {
                    let io = tokio::select! {
                        io = opened(&calls, ask) => io,
                        () = ends.given_up() => return channel,
                    };
                    match io {
                        Ok(io) => {
                            mux::send(&outbox, Kind::Answer, channel, b"null").await;
                            mux::pump(io, ends, CancellationToken::new()).await;
                        }
                        Err(error) => fail(&outbox, channel, &error).await,
                    }
                }
                None => match answered(&calls, ask).await {
                    Ok(text) => {
                        mux::send(&outbox, Kind::Answer, channel, &text).await;
                    }
                    Err(error) => fail(&outbox, channel, &error).await,
                },
            }
            channel
        };
        slot.task = Some(self.tasks.spawn(work));
    }
}

async fn answered(calls: &SharedCalls, ask: Result<Ask>) -> Result<Vec<u8>> {
    let ask = ask?;
    let value = unpanicked(calls.call(&ask.method, ask.params)).await?;
    let text = serde_json::to_vec(&value)?;
    if text.len() > MESSAGE_MAX {
        return Err(Error::new(Code::Unsupported, format!("the answer to `{}` is too long", ask.method)));
    }
    Ok(text)
}

async fn opened(calls: &SharedCalls, ask: Result<Ask>) -> Result<super::Duplex> {
    let ask = ask?;
    unpanicked(calls.open(&ask.method, ask.params)).await
}

/// A question that panics is answered like any other, and harms nobody else.
async fn unpanicked<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.unwrap_or_else(|_| Err(Error::internal("the agent stumbled over this question")))
}

async fn fail(outbox: &Outbox, channel: u32, error: &Error) {
    let text = serde_json::to_vec(error).unwrap_or_default();
    mux::send(outbox, Kind::Failure, channel, &text).await;
}
