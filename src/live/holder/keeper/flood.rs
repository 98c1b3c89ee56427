//! Programs that flood while nobody looks.

use std::time::Duration;

use crate::sys::clock::Watch;

/// How much is read before clients get their turn.
pub(super) const MOST_AT_ONCE: usize = 64 * 1024;
/// So many bytes without a pause are a flood.
const MUCH: usize = 64 * 1024;
/// Then the program is not read for a moment after each read: the processors are there for those who are looked at.
const REST: Duration = Duration::from_millis(1);
/// One that writes line by line keeps two processors busy with a few bytes at a time, its own and the system's. It is
/// let go on for a moment only, over and over, and so nobody who needs a processor waits for one for long.
const LITTLE: usize = 4 * 1024;
/// After so many of those it is looked whether it still does.
const JUDGED_AFTER: u16 = 128;

/// How much came without a pause, and since when the program is not read.
pub(super) struct Flood {
    bytes: usize,
    /// How many reads more it counts as one that writes line by line.
    lines: u16,
    rest: Option<Watch>,
}

impl Flood {
    pub const fn new() -> Self {
        Self { bytes: 0, lines: 0, rest: None }
    }

    /// How much to read of an unseen program, and whether patiently.
    pub const fn appetite(&self) -> (usize, bool) {
        match self.lines {
            0 => (MOST_AT_ONCE, self.bytes >= MUCH),
            _ => (LITTLE, false),
        }
    }

    /// Takes in that so many bytes came, line by line or not, after a pause or without one.
    pub fn came(&mut self, bytes: usize, lines: bool, pause: bool, seen: bool) {
        self.bytes = if pause { bytes } else { self.bytes.saturating_add(bytes) };
        let floods = self.bytes >= MUCH && !seen;
        self.lines = match self.lines {
            _ if !floods => 0,
            0 if lines => JUDGED_AFTER,
            more => more.saturating_sub(1),
        };
        self.rest = floods.then(Watch::start);
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
        flood.came(MUCH - 1, true, false, false);
        assert_eq!((flood.rest_left(), flood.appetite()), (None, (MOST_AT_ONCE, false)));
        flood.came(1, true, true, false);
        assert_eq!(flood.rest_left(), None, "there was a pause");
        flood.came(MUCH - 1, false, false, false);
        assert!(flood.rest_left().is_some());
        assert_eq!(flood.appetite(), (MOST_AT_ONCE, true), "in large pieces");
        flood.came(1, true, false, false);
        assert_eq!(flood.appetite(), (LITTLE, false), "line by line");
        for _ in 0..JUDGED_AFTER {
            flood.came(LITTLE, true, false, false);
        }
        assert_eq!(flood.appetite(), (MOST_AT_ONCE, true), "looked at again");
        flood.came(1, true, false, false);
        flood.came(MUCH, true, false, true);
        assert_eq!((flood.rest_left(), flood.appetite().0), (None, MOST_AT_ONCE), "somebody looks");
    }
}
