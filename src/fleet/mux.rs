//! What both ends of a link share: frames on a byte stream, and streams with credit inside them.
//!
//! ```text
//!            Data, End                       Data, End
//! Duplex ──► pump ──► outbox ──► link ──► inbox ──► pump ──► Duplex
//!              ▲                                      │
//!              └───────────── Credit ◄────────────────┘
//! ```
//!
//! A stream whose reader is slow runs out of credit and waits alone; the link goes on.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::wire::agent::{self, Frame, HEADER, Kind, PAYLOAD_MAX, WINDOW};

/// Frames on their way out. Short, so that a keystroke never waits long behind a transfer.
pub(super) type Outbox = mpsc::Sender<Frame>;

/// Room in an [`Outbox`].
pub(super) const OUTBOX: usize = 8;

/// How long a stream that was dropped may take to hand over what was written before.
const LINGER: Duration = Duration::from_secs(5);

/// Reads the next frame of a known kind; `None` at the end of the link.
///
/// # Errors
/// `unreachable` when the link breaks, `corrupt` when these are no frames.
pub(super) async fn read_frame(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Frame>> {
    loop {
        let mut bytes = [0; HEADER];
        match from.read_exact(&mut bytes).await {
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(Error::unreachable(format!("the link broke: {e}"))),
            Ok(_) => {}
        }
        let header = agent::read_header(bytes).ok_or_else(|| Error::corrupt("what comes are no frames"))?;
        let mut payload = vec![0; header.length];
        if let Err(e) = from.read_exact(&mut payload).await {
            return Err(Error::unreachable(format!("the link broke: {e}")));
        }
        if let Some(kind) = header.kind {
            return Ok(Some(Frame { kind, channel: header.channel, payload }));
        }
    }
}

/// Writes what comes into the outbox until every sender is gone or the link breaks.
pub(super) async fn write_frames(mut frames: mpsc::Receiver<Frame>, mut to: impl AsyncWrite + Unpin) {
    let (mut batch, mut bytes) = (Vec::with_capacity(OUTBOX), Vec::new());
    while frames.recv_many(&mut batch, OUTBOX).await > 0 {
        bytes.clear();
        batch.drain(..).for_each(|frame| frame.write(&mut bytes));
        if to.write_all(&bytes).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
    // The other side sees the end; if it is gone, it sees nothing any more.
    let _ = to.shutdown().await;
}

/// Sends a message of any length; `false` when the link is gone.
pub(super) async fn send(outbox: &Outbox, kind: Kind, channel: u32, text: &[u8]) -> bool {
    for frame in agent::message(kind, channel, text) {
        if outbox.send(frame).await.is_err() {
            return false;
        }
    }
    true
}

/// Where the frames of one stream are put as they come in.
pub(super) struct Inbox {
    pieces: mpsc::Sender<Option<Vec<u8>>>,
    credit: Arc<Semaphore>,
    reset: CancellationToken,
}

/// The other half of an [`Inbox`]: what a [`pump`] takes from.
pub(super) struct Ends {
    channel: u32,
    outbox: Outbox,
    pieces: mpsc::Receiver<Option<Vec<u8>>>,
    credit: Arc<Semaphore>,
    reset: CancellationToken,
}

/// Makes room for a stream.
pub(super) fn stream(channel: u32, outbox: Outbox) -> (Inbox, Ends) {
    // Credit bounds the bytes, its fee bounds their number; one more is the end.
    let (sender, pieces) = mpsc::channel(WINDOW / agent::cost(1) + 2);
    let credit = Arc::new(Semaphore::new(WINDOW));
    let reset = CancellationToken::new();
    let inbox = Inbox { pieces: sender, credit: credit.clone(), reset: reset.clone() };
    (inbox, Ends { channel, outbox, pieces, credit, reset })
}

impl Inbox {
    /// Takes a frame of the stream. Never waits: who sends more than was granted is cut off.
    pub(super) fn put(&self, frame: Frame) {
        let taken = match frame.kind {
            Kind::Data => self.pieces.try_send(Some(frame.payload)).is_ok(),
            Kind::End => self.pieces.try_send(None).is_ok(),
            Kind::Credit => frame.amount().is_some_and(|more| {
                let fits = more <= WINDOW && self.credit.available_permits() + more <= 2 * WINDOW;
                if fits {
                    self.credit.add_permits(more);
                }
                fits
            }),
            Kind::Reset => false,
            Kind::Hello | Kind::Part | Kind::Call | Kind::Open | Kind::Answer | Kind::Failure => true,
        };
        if !taken && !self.pieces.is_closed() {
            self.reset.cancel();
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.reset.cancel();
    }
}

impl Ends {
    /// Waits until the other side gives the stream up, or the link ends.
    pub(super) async fn given_up(&self) {
        self.reset.cancelled().await;
    }
}

/// Carries bytes between `io` and the stream until both sides have ended, the other side gives the
/// stream up, or `dropped` says that nobody holds the near end any more. Bytes that were handed
/// over before the end are delivered, if they are taken within [`LINGER`].
pub(super) async fn pump(io: impl AsyncRead + AsyncWrite, ends: Ends, dropped: CancellationToken) {
    let Ends { channel, outbox, pieces, credit, reset } = ends;
    let (from, to) = tokio::io::split(io);
    let sending = async {
        let mut send = std::pin::pin!(send_bytes(from, channel, &outbox, &credit));
        tokio::select! {
            () = &mut send => {}
            () = dropped.cancelled() => {
                // Past the time limit the other side does not want it.
                let _ = tokio::time::timeout(LINGER, send).await;
            }
        }
    };
    let receiving = async {
        tokio::select! {
            ended = receive_bytes(to, channel, &outbox, pieces) => ended,
            () = dropped.cancelled() => false,
        }
    };
    let mut receiving = std::pin::pin!(receiving.fuse());
    let both = async {
        let ((), ended) = tokio::join!(sending, &mut receiving);
        if !ended {
            // When the link is gone there is nobody to tell.
            let _ = outbox.send(Frame::new(Kind::Reset, channel, [])).await;
        }
    };
    let given_up = tokio::select! {
        () = both => false,
        () = reset.cancelled() => true,
    };
    if given_up && !receiving.is_terminated() {
        let _ = tokio::time::timeout(LINGER, receiving).await;
    }
}

async fn send_bytes(mut from: impl AsyncRead + Unpin, channel: u32, outbox: &Outbox, credit: &Semaphore) {
    let mut buffer = vec![0; PAYLOAD_MAX];
    loop {
        // An end that breaks is an end: what was read before is on its way.
        let n = from.read(&mut buffer).await.unwrap_or(0);
        if n == 0 {
            let _ = outbox.send(Frame::new(Kind::End, channel, [])).await;
            return;
        }
        let price = u32::try_from(agent::cost(n)).unwrap_or(u32::MAX);
        let Ok(granted) = credit.acquire_many(price).await else { return };
        granted.forget();
        if outbox.send(Frame::new(Kind::Data, channel, &buffer[..n])).await.is_err() {
            return;
        }
    }
}

/// Returns whether the other side said that it has ended.
async fn receive_bytes(
    mut to: impl AsyncWrite + Unpin,
    channel: u32,
    outbox: &Outbox,
    mut pieces: mpsc::Receiver<Option<Vec<u8>>>,
) -> bool {
    let mut used = 0;
    while let Some(piece) = pieces.recv().await {
        let Some(bytes) = piece else {
            let _ = to.shutdown().await;
            return true;
        };
        if to.write_all(&bytes).await.is_err() || to.flush().await.is_err() {
            return false;
        }
        used += agent::cost(bytes.len());
        if used >= WINDOW / 4 {
            if outbox.send(Frame::credit(channel, used)).await.is_err() {
                return false;
            }
            used = 0;
        }
    }
    false
}
