//! Programs that flood while nobody looks.

use std::time::Duration;

use crate::sys::clock::Watch;

/// So many bytes without a pause are a flood.
const BURST: usize = 64 * 1024;
/// Afterwards the program is not read for so many times as long as they took: an unseen flood takes a quarter of the
/// time, and the processors are there for those who are looked at.
const SHARE: u32 = 3;
const SHORTEST: Duration = Duration::from_millis(2);
/// What writes a few megabytes a second is not held up by it: the terminal's own buffer takes that much.
const LONGEST: Duration = Duration::from_millis(10);

/// How much came without a pause, and for how long the program is not read after it.
pub(super) struct Flood {
    bytes: usize,
    since: Watch,
    rest: Option<(Watch, Duration)>,
}

impl Flood {
    pub fn new() -> Self {
        Self { bytes: 0, since: Watch::start(), rest: None }
    }

    /// Takes in that so many bytes came, after a pause or without one.
    pub fn came(&mut self, bytes: usize, pause: bool, seen: bool) {
        if pause || self.bytes == 0 {
            (self.bytes, self.since) = (0, Watch::start());
        }
        self.bytes += bytes;
        self.rest = None;
        if self.bytes >= BURST {
            self.bytes = 0;
            self.rest = (!seen).then(|| (Watch::start(), rest(self.since.elapsed())));
        }
    }

    /// For how long the program is not read.
    pub fn rest_left(&self) -> Option<Duration> {
        self.rest.map(|(since, long)| long.saturating_sub(since.elapsed())).filter(|left| !left.is_zero())
    }
}

fn rest(burst: Duration) -> Duration {
    (burst * SHARE).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unseen_flood_is_let_lie() {
        let mut flood = Flood::new();
        flood.came(BURST - 1, false, false);
        assert_eq!(flood.rest_left(), None);
        flood.came(1, true, false);
        assert_eq!(flood.rest_left(), None, "there was a pause");
        flood.came(BURST - 1, false, false);
        assert!(flood.rest_left().is_some());
        flood.came(BURST, false, true);
        assert_eq!(flood.rest_left(), None, "somebody looks");
    }

    #[test]
    fn the_rest_follows_the_burst() {
        let rests = [0, 1, 2, 100].map(|ms| rest(Duration::from_millis(ms)).as_millis());
        assert_eq!(rests, [2, 3, 6, 10]);
    }
}
