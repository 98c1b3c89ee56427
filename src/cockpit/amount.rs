//! Amounts and times in few characters.

use crate::config::theme::Role;
use crate::model::Time;
pub use crate::model::quantity::bytes;

/// A share in percent, without decimals.
pub fn percent(share: f64) -> String {
    format!("{:.0}%", share.clamp(0.0, 999.0))
}

/// How worrying a share in use is.
pub fn pressure(share: Option<f64>) -> Role {
    match share {
        Some(s) if s >= 95.0 => Role::Error,
        Some(s) if s >= 80.0 => Role::Warn,
        _ => Role::Dim,
    }
}

/// A share in percent as one column: the fuller, the higher.
pub fn block(share: f64) -> &'static str {
    const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let step = BLOCKS.iter().zip(1_u8..).find(|(_, n)| share < f64::from(*n) * 12.5);
    step.map_or("█", |(block, _)| block)
}

/// A share in percent as a bar of so many columns: what is full, and what is not.
pub fn bar(share: f64, columns: usize) -> (String, String) {
    let parts = (1..=columns).filter(|n| share / 100.0 * columns as f64 >= *n as f64 - 0.5).count();
    ("▓".repeat(parts), "░".repeat(columns - parts))
}

/// Dollars and cents.
pub fn dollars(usd: f64) -> String {
    format!("${usd:.2}")
}

/// A number with a unit for thousands and millions.
pub fn count(n: u64) -> String {
    match n {
        0..=9_999 => n.to_string(),
        10_000..=999_999 => format!("{}k", n / 1_000),
        _ => format!("{}.{}M", n / 1_000_000, n / 100_000 % 10),
    }
}

/// The same in at most five characters.
pub fn short_count(n: u64) -> String {
    match n {
        0..=999 => n.to_string(),
        1_000..=9_999 => format!("{}.{}k", n / 1_000, n / 100 % 10),
        10_000..=999_999 => format!("{}k", n / 1_000),
        _ => format!("{}.{}M", n / 1_000_000, n / 100_000 % 10),
    }
}

/// Milliseconds as a person says them.
pub fn took(ms: u64) -> String {
    match ms {
        0..=999 => format!("{ms} ms"),
        1_000..=59_999 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// How long ago, in the largest unit: `now`, `4m`, `3h`, `12d`.
pub fn ago(then: Time, now: Time) -> String {
    let minutes = then.until(now).max(0) / 60_000;
    match minutes {
        0 => "now".into(),
        1..=59 => format!("{minutes}m"),
        60..=1_439 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1_440),
    }
}

/// A moment in at most six columns: the time of day today, else the day, else the month. `zone` is
/// the local offset from UTC in milliseconds.
pub fn short_time(then: Time, now: Time, zone: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // RFC 3339 has its parts at fixed places: 2026-11-21T10:00.
    let text = then.plus_ms(zone).to_string();
    let today = now.plus_ms(zone).to_string();
    let part = |text: &str, range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    if part(&text, 0..10) == part(&today, 0..10) {
        return part(&text, 11..16);
    }
    if part(&text, 0..4) == part(&today, 0..4) {
        let month = part(&text, 5..7).parse::<usize>().ok().and_then(|m| MONTHS.get(m.checked_sub(1)?));
        return format!("{} {}", month.unwrap_or(&"?"), part(&text, 8..10));
    }
    part(&text, 0..7)
}

/// A moment with its time of day, and with its day unless that is today.
pub fn moment(then: Time, now: Time, zone: i64) -> String {
    let day = short_time(then, now, zone);
    let text = then.plus_ms(zone).to_string();
    let clock = text.get(11..16).unwrap_or_default();
    if day == clock { day } else { format!("{day} {clock}") }
}

/// A moment in full, to the minute, in local time.
pub fn long_time(then: Time, zone: i64) -> String {
    let text = then.plus_ms(zone).to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        assert_eq!(bytes(1_610_612_736), "1.5 GiB");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(37 << 30), "37 GiB");
        assert_eq!(count(1_234_567), "1.2M");
        assert_eq!(took(65_000), "1 min 5 s");
    }

    #[test]
    fn shares_are_drawn() {
        assert_eq!([0.0, 12.4, 50.0, 99.0, 100.0, 250.0].map(block), ["▁", "▁", "▅", "█", "█", "█"]);
        assert_eq!(bar(0.0, 4), (String::new(), "░░░░".into()));
        assert_eq!(bar(50.0, 4), ("▓▓".into(), "░░".into()));
        assert_eq!(bar(400.0, 4), ("▓▓▓▓".into(), String::new()));
    }

    #[test]
    fn times_get_coarser_with_distance() {
        let time = |t: &str| Time::parse(t).expect("a time");
        let now = time("2026-11-21T12:30:00Z");
        assert_eq!(short_time(time("2026-11-21T09:05:00Z"), now, 3_600_000), "10:05");
        assert_eq!(short_time(time("2026-11-20T09:05:00Z"), now, 0), "Nov 20");
        assert_eq!(short_time(time("2025-11-20T09:05:00Z"), now, 0), "2025-11");
        assert_eq!(ago(time("2026-11-21T12:26:00Z"), now), "4m");
        assert_eq!(ago(time("2026-11-22T12:26:00Z"), now), "now");
    }
}
