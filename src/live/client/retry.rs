//! When a connection to a session that broke is made again, and when not any more.

use std::time::Duration;

use crate::error::{Code, Error};

/// The pause before the first new attempt, and the longest between two: somebody looks at it.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// The pauses between attempts, each twice the one before.
#[derive(Debug, Default)]
pub struct Retry {
    failures: u32,
}

impl Retry {
    /// However eager somebody is, no attempt follows another sooner.
    pub const SHORTEST: Duration = FIRST;

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let pause = FIRST.saturating_mul(2u32.saturating_pow(self.failures)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// It was there, so it may be there again at once.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Whether asking again is of no use: the session is gone, or does not let us in. Everything else may
/// pass: hosts, links and agents come back.
pub fn is_final(error: &Error) -> bool {
    matches!(
        error.code,
        Code::NotFound
            | Code::Refused
            | Code::Usage
            | Code::Config
            | Code::Conflict
            | Code::NeedsConsent
            | Code::Unsupported
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_cap_and_begin_anew() {
        let mut retry = Retry::default();
        let mut pauses = || (0..9).map(|_| retry.pause().as_millis()).collect::<Vec<_>>();
        assert_eq!(pauses(), [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
        retry.reset();
        assert_eq!(retry.pause(), Retry::SHORTEST);
    }

    #[test]
    fn only_what_is_gone_is_given_up() {
        assert!(is_final(&Error::not_found("no such session")) && is_final(&Error::refused("it has ended")));
        assert!(!is_final(&Error::unreachable("no route")) && !is_final(&Error::tool("the shell ended")));
    }
}
