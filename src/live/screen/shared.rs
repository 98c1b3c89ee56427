//! A screen that one thread feeds and another draws.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Screen;

/// A screen behind a lock, with a number that grows whenever the picture may have changed. A
/// channel will not do: only the newest picture matters, and it is far too large to copy for every
/// change. The lock is held for one feed or one drawing, never across an await.
#[derive(Debug)]
pub struct SharedScreen {
    screen: Mutex<Screen>,
    generation: AtomicU64,
}

impl SharedScreen {
    /// Takes a screen in.
    pub fn new(screen: Screen) -> Self {
        Self { screen: Mutex::new(screen), generation: AtomicU64::new(0) }
    }

    /// Looks at the screen, or scrolls it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Screen) -> T) -> T {
        look(&mut self.screen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the screen and counts it as a new picture.
    pub fn change<T>(&self, change: impl FnOnce(&mut Screen) -> T) -> T {
        let result = self.with(change);
        self.generation.fetch_add(1, Ordering::Release);
        result
    }

    /// The number of the newest picture.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}
