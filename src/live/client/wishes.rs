//! What a person wants of a session, until it can be carried there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Bytes that may wait. What comes while there are fewer is taken whole, so that a paste of any size fits.
const MOST: usize = 1 << 20;

/// Keys and sizes on their way to a session. They outlive its connections.
#[derive(Debug, Default)]
pub struct Wishes {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    wish: Wish,
    /// The newest size that was asked for.
    size: Option<(u16, u16)>,
}

/// What is wanted of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Have this many columns and rows; only the newest size matters.
    pub size: Option<(u16, u16)>,
    /// Type these bytes.
    pub input: Vec<u8>,
}

impl Wishes {
    /// Types. `false` when so much waits already that this is not taken.
    pub fn input(&self, bytes: &[u8]) -> bool {
        let mut waiting = self.lock();
        if waiting.wish.input.len() >= MOST {
            return false;
        }
        waiting.wish.input.extend_from_slice(bytes);
        self.more.notify_one();
        true
    }

    /// Asks for a size.
    pub fn resize(&self, cols: u16, rows: u16) {
        let mut waiting = self.lock();
        waiting.size = Some((cols, rows));
        waiting.wish.size = waiting.size;
        self.more.notify_one();
    }

    /// Asks for the newest size once more, of a new connection.
    pub fn resize_again(&self) {
        let mut waiting = self.lock();
        waiting.wish.size = waiting.size;
        self.more.notify_one();
    }

    /// What is wanted, as soon as there is something. Nothing is lost when this is dropped before it is ready.
    pub async fn next(&self) -> Wish {
        loop {
            let wish = std::mem::take(&mut self.lock().wish);
            if wish != Wish::default() {
                return wish;
            }
            self.more.notified().await;
        }
    }

    /// Waits until something was typed, and leaves it there.
    pub async fn typed(&self) {
        while self.lock().wish.input.is_empty() {
            self.more.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_waits_is_bounded_and_a_paste_fits() {
        let wishes = Wishes::default();
        assert!(wishes.next().now_or_never().is_none());
        for _ in 0..1000 {
            assert!(wishes.input(b"x"));
        }
        assert!(wishes.input(&vec![b'y'; 2 * MOST]));
        assert!(!wishes.input(b"z"));
        wishes.resize(80, 24);
        wishes.resize(90, 25);
        let wish = wishes.next().await;
        assert_eq!((wish.size, wish.input.len()), (Some((90, 25)), 1000 + 2 * MOST));
        assert!(wishes.input(b"z"));
        wishes.typed().await;
        assert_eq!(wishes.next().await, Wish { size: None, input: b"z".to_vec() });
        wishes.resize_again();
        assert_eq!(wishes.next().await.size, Some((90, 25)));
    }
}
