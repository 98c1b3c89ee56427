//! Programs that flood while nobody looks.

use std::time::Duration;

use crate::sys::clock::Watch;

/// So many bytes without a pause are a flood.
const MUCH: usize = 64 * 1024;
/// Then the program is not read for a while after each read. It fills the terminal's own buffer (64 KiB on Linux)
/// meanwhile, and is read in large pieces instead of line by line: that takes a fraction of the processors, which are
/// there for those who are looked at.
const REST: Duration = Duration::from_millis(8);

/// How much came without a pause, and since when the program is not read.
pub(super) struct Flood {
    bytes: usize,
    rest: Option<Watch>,
}

impl Flood {
    pub const fn new() -> Self {
        Self { bytes: 0, rest: None }
    }

    /// Takes in that so many bytes came, after a pause or without one.
    pub fn came(&mut self, bytes: usize, pause: bool, seen: bool) {
        self.bytes = if pause { bytes } else { self.bytes.saturating_add(bytes) };
        self.rest = (self.bytes >= MUCH && !seen).then(Watch::start);
    }

    /// For how long the program is not read.
    pub fn rest_left(&self) -> Option<Duration> {
        self.rest.map(|since| REST.saturating_sub(since.elapsed())).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unseen_flood_is_let_lie() {
        let mut flood = Flood::new();
        flood.came(MUCH - 1, false, false);
        assert_eq!(flood.rest_left(), None);
        flood.came(1, true, false);
        assert_eq!(flood.rest_left(), None, "there was a pause");
        flood.came(MUCH - 1, false, false);
        assert!(flood.rest_left().is_some());
        flood.came(1, false, false);
        assert!(flood.rest_left().is_some(), "it goes on");
        flood.came(MUCH, false, true);
        assert_eq!(flood.rest_left(), None, "somebody looks");
    }
}
