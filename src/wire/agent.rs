//! Frames between a client and the agent on a host: many questions and streams in one channel.
//!
//! ```text
//! 4 bytes  length of the payload, big endian
//! 1 byte   kind
//! 4 bytes  channel, big endian; 0 is the link itself
//! …        payload
//! ```
//!
//! Both sides begin with [`Kind::Hello`]. The client picks channels. A frame of an unknown kind is
//! skipped, unknown fields are ignored, so that either side may be newer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of this protocol that we speak, and the oldest that we understand.
pub const VERSION: u32 = 1;

/// Bytes before the payload.
pub const HEADER: usize = 9;

/// The longest payload. Whatever is longer comes in [`Kind::Part`]s, so that nobody waits long
/// behind somebody else's frame.
pub const PAYLOAD_MAX: usize = 16 << 10;

/// The longest message that parts may add up to.
pub const MESSAGE_MAX: usize = 64 << 20;

/// What a stream may send before the other side gives it more credit, in bytes of [`cost`].
pub const WINDOW: usize = 256 << 10;

/// What a piece of a stream costs: its bytes and a fee, which bounds how many small ones may be
/// under way.
pub const fn cost(bytes: usize) -> usize {
    bytes + 32
}

/// Kinds of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// [`Hello`] as JSON, once, first, on channel 0.
    Hello = 1,
    /// The beginning of a message of the next frame that is no part, on the same channel.
    Part = 2,
    /// [`Ask`] as JSON: one answer is wanted.
    Call = 3,
    /// [`Ask`] as JSON: a stream is wanted.
    Open = 4,
    /// The answer as JSON; `null` says that a stream is open.
    Answer = 5,
    /// [`crate::error::Error`] as JSON.
    Failure = 6,
    /// Bytes of a stream.
    Data = 7,
    /// 4 bytes, big endian: how much more [`cost`] may be sent on this channel.
    Credit = 8,
    /// No more bytes from this side.
    End = 9,
    /// The channel is given up: a call is not waited for any more, a stream is closed both ways.
    Reset = 10,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Hello,
        Self::Part,
        Self::Call,
        Self::Open,
        Self::Answer,
        Self::Failure,
        Self::Data,
        Self::Credit,
        Self::End,
        Self::Reset,
    ];

    /// The kind of that number; `None` when it is of a later version.
    pub fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A frame without its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub channel: u32,
    /// What it says.
    pub payload: Vec<u8>,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The kind; `None` is to be skipped.
    pub kind: Option<Kind>,
    /// The channel.
    pub channel: u32,
    /// Bytes that follow.
    pub length: usize,
}

/// Reads a header; `None` when the length is beyond [`PAYLOAD_MAX`], which is no frame of ours.
pub fn read_header(bytes: [u8; HEADER]) -> Option<Header> {
    let [a, b, c, d, kind, e, f, g, h] = bytes;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    let header = Header { kind: Kind::of(kind), channel: u32::from_be_bytes([e, f, g, h]), length };
    (length <= PAYLOAD_MAX).then_some(header)
}

impl Frame {
    /// A frame of that payload.
    pub fn new(kind: Kind, channel: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind, channel, payload: payload.into() }
    }

    /// Adds the frame's bytes to a buffer.
    pub fn write(&self, to: &mut Vec<u8>) {
        debug_assert!(self.payload.len() <= PAYLOAD_MAX, "long messages are cut by `message`");
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        to.extend_from_slice(&length.to_be_bytes());
        to.push(self.kind as u8);
        to.extend_from_slice(&self.channel.to_be_bytes());
        to.extend_from_slice(&self.payload);
    }

    /// More credit for a stream.
    pub fn credit(channel: u32, amount: usize) -> Self {
        Self::new(Kind::Credit, channel, u32::try_from(amount).unwrap_or(u32::MAX).to_be_bytes())
    }

    /// The amount in a frame of credit; `None` when it is malformed.
    pub fn amount(&self) -> Option<usize> {
        let bytes: [u8; 4] = self.payload.as_slice().try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    }
}

/// A message of any length as the frames that carry it.
pub fn message(kind: Kind, channel: u32, text: &[u8]) -> impl Iterator<Item = Frame> {
    let last = text.len().saturating_sub(1) / PAYLOAD_MAX;
    let pieces = (0..=last).map(move |at| {
        let start = at * PAYLOAD_MAX;
        let piece = &text[start..text.len().min(start + PAYLOAD_MAX)];
        (at, piece)
    });
    pieces.map(move |(at, piece)| Frame::new(if at == last { kind } else { Kind::Part }, channel, piece))
}

/// What each side says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The newest version of the protocol that it speaks.
    pub version: u32,
    /// The oldest.
    #[serde(default)]
    pub min_version: u32,
    /// What it can do beyond the version.
    #[serde(default)]
    pub features: Vec<String>,
    /// The version of its program.
    #[serde(default)]
    pub program: String,
}

impl Hello {
    /// What we say.
    pub fn ours() -> Self {
        Self {
            version: VERSION,
            min_version: VERSION,
            features: Vec::new(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Whether there is a version that both speak.
    pub const fn speaks_with(&self, other: &Self) -> bool {
        self.version >= other.min_version && other.version >= self.min_version
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// What is asked for: `live.list`, ….
    pub method: String,
    /// Its arguments.
    #[serde(default)]
    pub params: Value,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_that_is_not_ours_is_refused() {
        assert_eq!(read_header(*b"Welcome t"), None, "a greeting instead of a frame");
        let later = read_header([0, 0, 0, 1, 99, 0, 0, 0, 7]).expect("a short frame");
        assert_eq!((later.kind, later.channel, later.length), (None, 7, 1));
    }

    #[test]
    fn versions_meet_when_their_ranges_do() {
        let hello = |min_version, version| Hello { version, min_version, ..Hello::ours() };
        assert!(hello(1, 1).speaks_with(&hello(1, 3)));
        assert!(!hello(1, 1).speaks_with(&hello(2, 3)));
        let bare: Hello = serde_json::from_str(r#"{"version":1,"later":true}"#).expect("fields are optional");
        assert!(hello(1, 1).speaks_with(&bare));
    }

    proptest! {
        #[test]
        fn a_message_survives_its_frames(text in proptest::collection::vec(any::<u8>(), 0..50_000), channel: u32) {
            let mut bytes = Vec::new();
            message(Kind::Answer, channel, &text).for_each(|f| f.write(&mut bytes));
            let (mut rest, mut read, mut done) = (bytes.as_slice(), Vec::new(), false);
            while !rest.is_empty() {
                prop_assert!(!done);
                let (head, after) = rest.split_at(HEADER);
                let header = read_header(head.try_into().expect("nine bytes")).expect("ours");
                prop_assert_eq!(header.channel, channel);
                done = header.kind == Some(Kind::Answer);
                read.extend_from_slice(&after[..header.length]);
                rest = &after[header.length..];
            }
            prop_assert!(done);
            prop_assert_eq!(read, text);
        }
    }
}
