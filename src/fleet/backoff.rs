//! How often a host that does not answer is tried: two rules that keep it, and us, from a storm.
//!
//! Looks that nobody asked for (the cockpit's own) rest after a failure, longer each time, with jitter
//! so that many of us do not come back at once. And nobody, in whatever process, makes more than
//! [`ATTEMPTS`] connections to a host within a minute: the moments of the last ones stand in a file.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::{At, Error, Result};
use crate::model::Time;
use crate::sys::clock::Watch;
use crate::sys::{Clock, files, random};

/// The first rest after a failure, doubled up to the longest.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);

/// Connections to one host that all processes together may begin within [`WINDOW`].
const ATTEMPTS: usize = 20;
const WINDOW: i64 = 60_000;

/// What is known of a host that did not answer. One lock, held for a moment; shared by whoever asks.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<Bad>>);

#[derive(Debug)]
struct Bad {
    failures: u32,
    since: Watch,
    rest: Duration,
    error: Error,
}

impl Trouble {
    /// Why the host need not be asked again yet.
    pub(super) fn resting(&self) -> Option<Error> {
        let bad = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bad.as_ref().filter(|bad| bad.since.elapsed() < bad.rest).map(|bad| bad.error.clone())
    }

    /// Remembers how an attempt ended.
    pub(super) fn settle<T>(&self, result: &Result<T>) {
        let mut bad = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *bad = match result {
            Ok(_) => None,
            Err(error) => {
                let failures = bad.as_ref().map_or(0, |bad| bad.failures.saturating_add(1));
                let rest = rest(failures, jitter());
                Some(Bad { failures, since: Watch::start(), rest, error: error.clone() })
            }
        };
    }
}

/// A number of 0 to 255; without randomness the middle will do.
fn jitter() -> u8 {
    random::hex(1).ok().and_then(|hex| u8::from_str_radix(&hex, 16).ok()).unwrap_or(128)
}

/// The rest after so many failures before this one: between half and all of the doubled time.
fn rest(failures: u32, jitter: u8) -> Duration {
    let full = FIRST.saturating_mul(2u32.saturating_pow(failures.min(16))).min(LONGEST);
    full / 2 + full.mul_f64(f64::from(jitter) / 512.0)
}

/// Writes an attempt down in `file`; whoever calls holds the host's lock.
///
/// # Errors
/// `unreachable` when there were too many; when the file cannot be written.
pub(super) fn attempt(file: &Path, clock: Clock) -> Result<()> {
    let now = clock.now();
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let recent = recent(&text, now);
    if let (true, Some(first)) = (recent.len() >= ATTEMPTS, recent.first()) {
        let wait = (first.0 + WINDOW - now.0).max(1000) / 1000;
        return Err(Error::unreachable(format!(
            "{ATTEMPTS} connections were begun within a minute and failed; the next may be in {wait} s"
        ))
        .hint("something keeps asking a host that does not answer: mend the host, or leave it alone for a minute"));
    }
    let all = recent.iter().chain([&now]).map(|at| format!("{}\n", at.0)).collect::<String>();
    files::write_atomic(file, all.as_bytes()).at(file.display())
}

/// Forgets the attempts: the host answered.
pub(super) fn answered(file: &Path) {
    // One that stays only makes us slower after the next failures.
    let _ = std::fs::remove_file(file);
}

/// The attempts of the last minute. Those of a clock that was set back since do not count.
fn recent(text: &str, now: Time) -> Vec<Time> {
    let times = text.lines().filter_map(|line| line.parse().ok()).map(Time);
    times.filter(|at| at.0 <= now.0 && now.0.saturating_sub(at.0) < WINDOW).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rests_grow_up_to_a_cap_and_differ() {
        let seconds = |n, jitter| rest(n, jitter).as_secs_f64();
        assert!(seconds(0, 0) >= 1.0 && seconds(0, 255) <= 2.0);
        assert!(seconds(3, 0) >= 8.0 && seconds(3, 255) <= 16.0);
        assert!(seconds(40, 255) <= 60.0 && seconds(40, 0) >= 30.0);
        assert!(seconds(3, 0) < seconds(3, 200));
    }

    #[test]
    fn a_host_that_failed_rests_until_it_answers() {
        let trouble = Trouble::default();
        assert!(trouble.resting().is_none());
        trouble.settle::<()>(&Err(Error::unreachable("no route")));
        assert_eq!(trouble.resting().expect("a rest").message, "no route");
        trouble.settle(&Ok(()));
        assert!(trouble.resting().is_none());
    }

    #[test]
    fn attempts_are_limited_over_all_processes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tries");
        let at = |ms| Clock::Fixed(Time(1_700_000_000_000 + ms));
        for n in 0..ATTEMPTS as i64 {
            attempt(&file, at(n)).expect("let");
        }
        let refused = attempt(&file, at(1000)).expect_err("too many");
        assert!(refused.message.contains("in 59 s"), "{refused}");
        attempt(&file, at(WINDOW)).expect("the first is forgotten");
        attempt(&file, at(-5)).expect("a clock that was set back");
        answered(&file);
        attempt(&file, at(1000)).expect("let");
    }

    proptest! {
        #[test]
        fn any_file_is_read(text in "[-0-9a-z\n]{0,60}") {
            prop_assert!(recent(&text, Time(5)).len() <= text.lines().count());
        }
    }
}
