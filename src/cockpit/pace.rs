//! How often pictures are drawn: sixty a second are enough for anybody, but the first few of a burst are
//! drawn as they come, so that an echo does not wait because something else was drawn just before it.

use std::time::Duration;

use crate::sys::clock::Watch;

/// What a picture takes of the time, however little it really took.
const FRAME: Duration = Duration::from_millis(16);
/// So many may be ahead of the time.
const BURST: u32 = 3;

/// Says when the next picture may be drawn.
pub(super) struct Pace {
    /// The time that pictures took beyond that which has passed, at `since`.
    ahead: Duration,
    since: Watch,
    /// Since an echo is awaited.
    echo: Option<Watch>,
}

impl Pace {
    /// Nothing was drawn yet.
    pub fn new() -> Self {
        Self { ahead: Duration::ZERO, since: Watch::start(), echo: None }
    }

    /// How long the next picture has to wait.
    pub fn wait(&self) -> Duration {
        let echo = self.echo.map(|since| FRAME.saturating_sub(since.elapsed())).unwrap_or_default();
        wait(self.ahead.saturating_sub(self.since.elapsed())).max(echo)
    }

    /// One was drawn.
    pub fn drawn(&mut self) {
        self.ahead = self.ahead.saturating_sub(self.since.elapsed()) + FRAME;
        (self.since, self.echo) = (Watch::start(), None);
    }

    /// Somebody waits for the next ones.
    pub fn hurry(&mut self) {
        (self.ahead, self.echo) = (Duration::ZERO, None);
    }

    /// A key went into a program: what it brings about is not here yet, and a picture without it would only be in
    /// its way.
    pub fn await_echo(&mut self) {
        self.echo = Some(Watch::start());
    }

    /// Something has come.
    pub fn heard(&mut self) {
        self.echo = None;
    }
}

fn wait(ahead: Duration) -> Duration {
    (ahead + FRAME).saturating_sub(FRAME * BURST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_and_sixty_a_second() {
        let mut pace = Pace::new();
        for _ in 0..BURST {
            assert!(pace.wait().is_zero());
            pace.drawn();
        }
        assert!(!pace.wait().is_zero());
        pace.hurry();
        assert!(pace.wait().is_zero());
        pace.await_echo();
        assert!(!pace.wait().is_zero());
        pace.heard();
        assert!(pace.wait().is_zero());
        assert_eq!(wait(FRAME * BURST), FRAME);
    }
}
