//! The wall clock and the local zone.

use std::time::Duration;

use crate::model::Time;

/// Where the time comes from; tests fix it with `SF_TEST_CLOCK` (RFC 3339).
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Always the same moment.
    Fixed(Time),
}

impl Clock {
    /// The machine's clock, or the fixed one that the environment asks for.
    pub fn from_env(env: &super::Env) -> Self {
        env.get("SF_TEST_CLOCK").and_then(Time::parse).map_or(Self::System, Self::Fixed)
    }

    /// Now.
    pub fn now(self) -> Time {
        match self {
            Self::Fixed(t) => t,
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "the owner of the wall clock")]
                let now = std::time::SystemTime::now();
                Time(millis(now))
            }
        }
    }
}

/// Milliseconds by which local time is ahead of UTC. Found out at the first call, which has to come
/// before there is a second thread (the C library's zone cannot be read safely afterwards); UTC
/// where it cannot be found.
pub fn local_zone() -> i64 {
    static ZONE: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    *ZONE.get_or_init(|| {
        time::UtcOffset::current_local_offset().map_or(0, |at| i64::from(at.whole_seconds()) * 1000)
    })
}

/// The local day of a moment, `2026-11-21`, and its beginning.
pub fn local_day(at: Time) -> (String, Time) {
    let utc = time::OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000)).ok();
    let zone =
        |at: time::OffsetDateTime| time::UtcOffset::local_offset_at(at).unwrap_or(time::UtcOffset::UTC);
    let Some(local) = utc.map(|utc| utc.to_offset(zone(utc))) else { return (String::new(), at) };
    // Near a change of the clocks midnight has another offset than the moment.
    let midnight = local.replace_time(time::Time::MIDNIGHT);
    let midnight = midnight.date().midnight().assume_offset(zone(midnight));
    let day = local.date();
    let name = format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day());
    (name, Time(midnight.unix_timestamp().saturating_mul(1000)))
}

/// Milliseconds since the epoch of a file's time.
pub fn millis(t: std::time::SystemTime) -> i64 {
    match t.duration_since(std::time::UNIX_EPOCH) {
        Ok(d) => i64::try_from(d.as_millis()).unwrap_or(i64::MAX),
        Err(e) => -i64::try_from(e.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// A stop watch for `ms` fields and deadlines; not part of anything that is stored.
#[derive(Clone, Copy, Debug)]
pub struct Watch(std::time::Instant);

impl Watch {
    /// Starts now.
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the owner of the monotonic clock")]
        Self(std::time::Instant::now())
    }

    /// What has passed since.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The same in whole milliseconds.
    pub fn ms(self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// CPU time (user and system) that this process has used.
pub fn cpu_time() -> Duration {
    used(rustix::time::ClockId::ProcessCPUTime)
}

/// CPU time that the calling thread has used.
pub fn thread_cpu_time() -> Duration {
    used(rustix::time::ClockId::ThreadCPUTime)
}

fn used(clock: rustix::time::ClockId) -> Duration {
    let t = rustix::time::clock_gettime(clock);
    Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
}
