//! Frames: `[kind u8][length u32, little endian][payload]`.
//!
//! Frozen as version 1. A reader skips kinds that it does not know, so that newer peers may say
//! more.

use crate::error::{Error, Result};

/// Bytes in front of each payload.
pub const HEADER: usize = 5;
/// The longest payload that any side sends: a snapshot with history of the largest screen.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is; see [`super::holder::Kind`].
    pub kind: u8,
    /// Its content.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The frame as it goes over the wire.
    pub fn encode(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + payload.len());
        Self::begin(kind, &mut out);
        out.extend_from_slice(payload);
        Self::end(&mut out);
        out
    }

    /// Begins a frame in an empty buffer; its payload is written behind.
    pub fn begin(kind: u8, out: &mut Vec<u8>) {
        out.push(kind);
        out.extend([0; HEADER - 1]);
    }

    /// Ends the frame that is all of a buffer: its length is known now.
    pub fn end(out: &mut [u8]) {
        // Nothing of ours comes near four gigabytes; the reader's limit is 16 MiB.
        let length = u32::try_from(out.len().saturating_sub(HEADER)).unwrap_or(u32::MAX);
        if let Some(field) = out.get_mut(1..HEADER) {
            field.copy_from_slice(&length.to_le_bytes());
        }
    }
}

/// Turns bytes, however cut, into frames.
#[derive(Debug)]
pub struct Decoder {
    bytes: Vec<u8>,
    start: usize,
    limit: usize,
}

impl Decoder {
    /// A decoder that refuses payloads over `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, limit }
    }

    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > 64 * 1024 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// `corrupt` when a frame is longer than the limit: the stream cannot be used any more.
    pub fn next_frame(&mut self) -> Result<Option<Frame>> {
        let rest = &self.bytes[self.start..];
        let Some((header, body)) = rest.split_first_chunk::<HEADER>() else { return Ok(None) };
        let [kind, length @ ..] = *header;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > self.limit {
            return Err(Error::corrupt(format!("a frame of {length} bytes is over the limit")));
        }
        let Some(payload) = body.get(..length) else { return Ok(None) };
        let frame = Frame { kind, payload: payload.to_vec() };
        self.start += HEADER + length;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_survive_any_cut(
            frames in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..200)), 0..12),
            cut in 1usize..50,
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|(kind, payload)| Frame::encode(*kind, payload)).collect();
            let mut decoder = Decoder::new(1000);
            let mut got = Vec::new();
            for part in bytes.chunks(cut) {
                decoder.push(part);
                while let Some(frame) = decoder.next_frame().expect("short frames") {
                    got.push((frame.kind, frame.payload));
                }
            }
            prop_assert_eq!(got, frames);
        }

        #[test]
        fn noise_is_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut decoder = Decoder::new(100);
            decoder.push(&bytes);
            while let Ok(Some(frame)) = decoder.next_frame() {
                prop_assert!(frame.payload.len() <= 100);
            }
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_it_arrives() {
        let mut decoder = Decoder::new(10);
        decoder.push(&[1, 11, 0, 0, 0]);
        assert!(decoder.next_frame().is_err());
    }
}
