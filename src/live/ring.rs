//! The newest bytes of a stream, numbered from its beginning.

use std::collections::VecDeque;

/// Keeps up to a number of bytes; grows only as far as it is used.
#[derive(Debug)]
pub struct Ring {
    bytes: VecDeque<u8>,
    cap: usize,
    end: u64,
}

impl Ring {
    /// An empty ring.
    pub fn new(cap: usize) -> Self {
        Self { bytes: VecDeque::new(), cap, end: 0 }
    }

    /// Adds bytes; the oldest leave.
    pub fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        let new = &bytes[bytes.len().saturating_sub(self.cap)..];
        let over = (self.bytes.len() + new.len()).saturating_sub(self.cap);
        self.bytes.drain(..over);
        self.bytes.extend(new);
    }

    /// The number of the next byte, which is how many there have been.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Everything from a number on; `None` when some of it has left, or it lies in the future.
    pub fn since(&self, seq: u64) -> Option<Vec<u8>> {
        let start = self.end - self.bytes.len() as u64;
        let skip = usize::try_from(seq.checked_sub(start)?).ok()?;
        (skip <= self.bytes.len()).then(|| self.bytes.range(skip..).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_end_of_the_stream(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..20)) {
            let mut ring = Ring::new(40);
            for piece in &pieces {
                ring.push(piece);
            }
            let all = pieces.concat();
            prop_assert_eq!(ring.end(), all.len() as u64);
            for seq in 0..all.len() + 2 {
                let kept = seq <= all.len() && all.len() - seq <= 40;
                prop_assert_eq!(ring.since(seq as u64), kept.then(|| all[seq..].to_vec()));
            }
        }
    }
}
