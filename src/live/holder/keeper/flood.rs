//! Programs that flood while nobody looks.

use std::time::Duration;

use crate::sys::clock::Watch;

/// So many bytes without a pause are a flood.
const MUCH: usize = 64 * 1024;
/// Then the program is not read for a moment after each read: the processors are there for those who are looked at.
const REST: Duration = Duration::from_millis(1);
/// One that writes line by line is let fill the terminal's own buffer (64 KiB on Linux), and read in large pieces
/// instead of line by line: that takes a fraction of the processors.
const LONG_REST: Duration = Duration::from_millis(10);

/// How much came without a pause, and since when the program is not read.
pub(super) struct Flood {
    bytes: usize,
    rest: Option<(Watch, Duration)>,
}

impl Flood {
    pub const fn new() -> Self {
        Self { bytes: 0, rest: None }
    }

    pub const fn is_one(&self) -> bool {
        self.bytes >= MUCH
    }

    /// Takes in that so many bytes came, line by line or not, after a pause or without one.
    pub fn came(&mut self, bytes: usize, lines: bool, pause: bool, seen: bool) {
        self.bytes = if pause { bytes } else { self.bytes.saturating_add(bytes) };
        let long = if lines { LONG_REST } else { REST };
        self.rest = (self.is_one() && !seen).then(|| (Watch::start(), long));
    }

    /// For how long the program is not read.
    pub fn rest_left(&self) -> Option<Duration> {
        self.rest.map(|(since, long)| long.saturating_sub(since.elapsed())).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unseen_flood_is_let_lie() {
        let mut flood = Flood::new();
        flood.came(MUCH - 1, true, false, false);
        assert_eq!(flood.rest_left(), None);
        flood.came(1, true, true, false);
        assert_eq!(flood.rest_left(), None, "there was a pause");
        flood.came(MUCH - 1, true, false, false);
        assert!(flood.rest_left().is_some_and(|left| left > REST), "line by line");
        flood.came(1, false, false, false);
        assert!(flood.rest_left().is_some_and(|left| left <= REST), "it goes on, in large pieces");
        flood.came(MUCH, true, false, true);
        assert_eq!(flood.rest_left(), None, "somebody looks");
    }
}
