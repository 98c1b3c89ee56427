//! The keyboard, and the key on it that leaves.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::LEAVE;
use crate::sys::polled::Input;

/// How long the second press may take.
const TWICE: Duration = Duration::from_millis(400);

/// What the person did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Input(Vec<u8>),
    Leave,
}

/// Watches for the key that leaves.
pub(super) struct Leave {
    keys: Input,
    /// The key was pressed, and what came after it in the same read.
    pressed: Option<Vec<u8>>,
}

impl Leave {
    /// Watches what is typed there.
    pub fn new(keys: Input) -> Self {
        Self { keys, pressed: None }
    }

    /// The next input, with the key taken out. Nothing is lost when this is dropped before it is ready.
    pub async fn next(&mut self) -> Typed {
        loop {
            let bytes = match self.pressed.take_if(|rest| !rest.is_empty()) {
                Some(rest) => {
                    self.pressed = Some(Vec::new());
                    rest
                }
                None if self.pressed.is_some() => match tokio::time::timeout(TWICE, self.read()).await {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) | Err(_) => return Typed::Leave,
                },
                None => match self.read().await {
                    Some(bytes) => bytes,
                    // The terminal is closed.
                    None => return Typed::Leave,
                },
            };
            if let Some(typed) = self.take(bytes) {
                return typed;
            }
        }
    }

    async fn read(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; 4096];
        let n = self.keys.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        Some(buffer[..n].to_vec())
    }

    /// Looks through what was read at once.
    fn take(&mut self, mut bytes: Vec<u8>) -> Option<Typed> {
        if self.pressed.take().is_some() {
            return Some(match bytes.first() {
                Some(&LEAVE) => {
                    self.after(&mut bytes, 1);
                    Typed::Input(bytes)
                }
                _ => Typed::Leave,
            });
        }
        self.after(&mut bytes, 0);
        (!bytes.is_empty()).then_some(Typed::Input(bytes))
    }

    /// Cuts the bytes at the key, if it is there after the first `from`.
    fn after(&mut self, bytes: &mut Vec<u8>, from: usize) {
        if let Some(at) = bytes.iter().skip(from).position(|b| *b == LEAVE).map(|at| at + from) {
            let rest = bytes.split_off(at + 1);
            bytes.truncate(at);
            self.pressed = Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A keyboard that gives each of these in a read of its own.
    fn keys(reads: &[&[u8]]) -> Input {
        let reads: Vec<Vec<u8>> = reads.iter().map(|read| read.to_vec()).collect();
        let chain = reads.into_iter().fold(Box::new(tokio::io::empty()) as Input, |before, read| {
            Box::new(before.chain(std::io::Cursor::new(read)))
        });
        // Nobody hangs up.
        Box::new(chain.chain(tokio::io::duplex(1).0))
    }

    #[tokio::test]
    async fn once_leaves_and_twice_types() {
        for (reads, wanted) in [
            (&[&b"ab\x1d"[..]][..], &[Typed::Input(b"ab".to_vec()), Typed::Leave][..]),
            (&[b"\x1d", b"x"], &[Typed::Leave]),
            (&[b"\x1d", b"\x1dc"], &[Typed::Input(b"\x1dc".to_vec())]),
            (&[b"a\x1d\x1db"], &[Typed::Input(b"a".to_vec()), Typed::Input(b"\x1db".to_vec())]),
            (&[b"\x1d\x1d\x1dz"], &[Typed::Input(b"\x1d".to_vec()), Typed::Leave]),
        ] {
            let mut leave = Leave::new(keys(reads));
            for typed in wanted {
                assert_eq!(&leave.next().await, typed, "{reads:?}");
            }
        }
    }
}
