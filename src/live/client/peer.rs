//! Frames to and from a holder.

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::{At, Error, Result};
use crate::model::live::ScreenText;
use crate::wire::frame::{Decoder, MAX_FRAME};
use crate::wire::holder::{Hello, Kind, People, Size, Snapshot, Status, read, split_header, split_output};

/// What a holder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Who it is.
    Hello(Hello),
    /// A whole picture: bytes for a screen of that size.
    Snapshot(Snapshot, Vec<u8>),
    /// Output of the program, and the number of its first byte.
    Output(u64, Vec<u8>),
    /// The screen has another size from here on.
    Size(Size),
    /// The program has ended.
    Ended(Status),
    /// The screen as text.
    Text(ScreenText),
    /// How the session is.
    State(Status),
    /// Done.
    Done,
    /// Who is in.
    People(People),
}

/// A holder at the other end of a stream.
pub struct Peer<S> {
    stream: S,
    decoder: Decoder,
}

impl<S: AsyncRead + Unpin> Peer<S> {
    /// Talks over a stream, or listens to the half of one.
    pub fn new(stream: S) -> Self {
        Self { stream, decoder: Decoder::new(MAX_FRAME) }
    }

    /// The stream, right after an answer.
    pub fn into_stream(self) -> S {
        self.stream
    }

    /// The next thing that it says; `None` when it has hung up. Does not lose anything when dropped
    /// before it is ready.
    ///
    /// # Errors
    /// What the holder answers as an error; `corrupt` for frames that are none; those of the stream.
    pub async fn next(&mut self) -> Result<Option<Said>> {
        let mut buffer = [0; 16 * 1024];
        loop {
            while let Some(frame) = self.decoder.next_frame()? {
                if let Some(said) = said(frame.kind, &frame.payload)? {
                    return Ok(Some(said));
                }
            }
            match self.stream.read(&mut buffer).await {
                Ok(0) => return Ok(None),
                Ok(n) => self.decoder.push(&buffer[..n]),
                // How a holder that ended looks when we were still writing.
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
                Err(e) => return Err(e).at("the holder"),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Says who we are and hears who it is.
    ///
    /// # Errors
    /// `unsupported` when we have no version in common.
    pub async fn hello(&mut self) -> Result<()> {
        match self.ask(Kind::Hello, &Hello::default()).await? {
            Said::Hello(hello) => hello.check(),
            _ => Err(Error::corrupt("the holder does not say hello")),
        }
    }

    /// Says something.
    ///
    /// # Errors
    /// Those of the stream.
    pub async fn say(&mut self, kind: Kind, value: &impl Serialize) -> Result<()> {
        self.stream.write_all(&kind.json(value)?).await.at("the holder")?;
        self.stream.flush().await.at("the holder")
    }

    /// Says up to which number output has been shown; see [`crate::wire::holder::Attach::credit`].
    ///
    /// # Errors
    /// Those of the stream.
    pub async fn shown(&mut self, seq: u64) -> Result<()> {
        self.stream.write_all(&Kind::Shown.bytes(&seq.to_le_bytes())).await.at("the holder")?;
        self.stream.flush().await.at("the holder")
    }

    /// Asks and waits for the answer; output and sizes in between are dropped.
    ///
    /// # Errors
    /// As [`Self::next`]; `unreachable` when it hangs up.
    pub async fn ask(&mut self, kind: Kind, value: &impl Serialize) -> Result<Said> {
        self.say(kind, value).await?;
        loop {
            match self.next().await? {
                None => return Err(Error::unreachable("the holder has hung up")),
                Some(Said::Snapshot(..) | Said::Output(..) | Said::Size(_) | Said::People(_)) => {}
                Some(said) => return Ok(said),
            }
        }
    }
}

/// Reads a frame; `None` for kinds of a newer version.
fn said(kind: u8, payload: &[u8]) -> Result<Option<Said>> {
    Ok(Some(match Kind::of(kind) {
        Some(Kind::Hello) => Said::Hello(read(payload)?),
        Some(Kind::Snapshot) => {
            let (header, bytes) = split_header(payload)?;
            Said::Snapshot(header, bytes.to_vec())
        }
        Some(Kind::Output) => {
            let (seq, bytes) = split_output(payload)?;
            Said::Output(seq, bytes.to_vec())
        }
        Some(Kind::Size) => Said::Size(read(payload)?),
        Some(Kind::Ended) => Said::Ended(read(payload)?),
        Some(Kind::Text) => Said::Text(read(payload)?),
        Some(Kind::State) => Said::State(read(payload)?),
        Some(Kind::Done) => Said::Done,
        Some(Kind::People) => Said::People(read(payload)?),
        Some(Kind::Failed) => return Err(read(payload)?),
        _ => return Ok(None),
    }))
}
