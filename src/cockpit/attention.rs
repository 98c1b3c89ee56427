//! Calling the person: who needs them now and did not a moment ago, and by which means.

use crate::config::settings::Attention;
use crate::model::live::{Live, LiveState};
use crate::model::{LiveId, Time};

/// A session that needs its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The session.
    pub id: LiveId,
    /// What is said, without control characters.
    pub text: String,
    /// For the person's own command: `SF_…` variables.
    pub facts: [(&'static str, String); 5],
}

/// Who calls between two pictures of the sessions. What was there already at the first sight of a
/// session calls nobody; neither does one that is muted, nor the one that the person looks at.
pub fn calls(before: &[Live], now: &[Live], muted: &[LiveId], watched: Option<&LiveId>) -> Vec<Call> {
    let mut calls = Vec::new();
    for live in now {
        let Some(old) = before.iter().find(|old| old.id == live.id) else { continue };
        if muted.contains(&live.id) || watched == Some(&live.id) {
            continue;
        }
        let needs = live.state.wants_attention() && old.state != live.state;
        // A prompt that is ready for the first time is no news.
        let began =
            matches!(old.state, LiveState::Unknown | LiveState::Idle) && live.state == LiveState::Waiting;
        let rang = live.calls > old.calls && live.state != LiveState::Working;
        if (needs && !began) || rang {
            calls.push(call(live));
        }
    }
    calls
}

fn call(live: &Live) -> Call {
    let name = live.name.as_ref().map_or_else(|| live.id.to_string(), ToString::to_string);
    let what = match live.state {
        LiveState::Blocked => "needs an answer",
        LiveState::Waiting => "is done",
        _ => "calls",
    };
    let said = live.notice.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    let text = format!("{name} on {} {what}{said}", live.host);
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    Call {
        id: live.id.clone(),
        facts: [
            ("SF_SESSION", live.id.to_string()),
            ("SF_NAME", name),
            ("SF_HOST", live.host.to_string()),
            ("SF_STATE", live.state.as_str().to_owned()),
            ("SF_TEXT", text.clone()),
        ],
        text,
    }
}

/// What goes to the terminal: a bell, and a notification in its words.
pub fn signal(settings: &Attention, text: &str, tmux: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let osc = match settings.terminal.as_str() {
        "osc9" => Some(format!("\x1b]9;{text}\x07")),
        "osc777" => Some(format!("\x1b]777;notify;sf;{}\x07", text.replace(';', ","))),
        _ => None,
    };
    if let Some(osc) = osc {
        // tmux hands on what is wrapped, if its user allows it.
        let wrapped = format!("\x1bPtmux;{}\x1b\\", osc.replace('\x1b', "\x1b\x1b"));
        out.extend_from_slice(if tmux { wrapped } else { osc }.as_bytes());
    }
    if settings.bell {
        out.push(0x07);
    }
    out
}

/// Whether nobody is to be called now. `quiet` is `22:00-07:00`, in the local zone (milliseconds ahead
/// of UTC); empty, or nonsense, is never.
pub fn is_quiet(quiet: &str, now: Time, zone: i64) -> bool {
    let minute = |text: &str| -> Option<i64> {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
        ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
    };
    let range = quiet.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
    let Some((from, to)) = range else { return false };
    let here = (now.0 + zone).rem_euclid(86_400_000) / 60_000;
    if from <= to { (from..to).contains(&here) } else { here >= from || here < to }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn live(id: u8, state: LiveState) -> Live {
        let json = serde_json::json!({
            "id": format!("live_0000000000{id:02x}"), "host": "local", "name": null, "command": ["x"],
            "tool": "codex", "workdir": "/", "feature": null, "repo": null, "state": state,
            "exit_code": null, "shared": false, "clients": 0, "cols": 80, "rows": 24,
            "started": "2026-01-01T00:00:00.000Z", "transcript": null, "title": null, "pid": 1,
        });
        serde_json::from_value(json).expect("a row")
    }

    fn between(old: LiveState, new: LiveState) -> usize {
        calls(&[live(1, old)], &[live(1, new)], &[], None).len()
    }

    #[test]
    fn only_a_change_to_a_need_calls() {
        assert_eq!(between(LiveState::Working, LiveState::Waiting), 1);
        assert_eq!(between(LiveState::Working, LiveState::Blocked), 1);
        assert_eq!(between(LiveState::Waiting, LiveState::Blocked), 1);
        assert_eq!(between(LiveState::Waiting, LiveState::Waiting), 0);
        assert_eq!(between(LiveState::Waiting, LiveState::Working), 0);
        assert_eq!(between(LiveState::Unknown, LiveState::Waiting), 0);
        assert_eq!(calls(&[], &[live(1, LiveState::Blocked)], &[], None), [], "seen for the first time");
        let rings = Live { calls: 1, ..live(1, LiveState::Idle) };
        assert_eq!(calls(&[live(1, LiveState::Idle)], &[rings], &[], None).len(), 1);
    }

    #[test]
    fn the_muted_and_the_watched_do_not_call() {
        let (before, now) = ([live(1, LiveState::Working)], [live(1, LiveState::Blocked)]);
        let id = now[0].id.clone();
        assert!(calls(&before, &now, std::slice::from_ref(&id), None).is_empty());
        assert!(calls(&before, &now, &[], Some(&id)).is_empty());
    }

    #[test]
    fn quiet_hours_may_pass_midnight() {
        let at = |text: &str| Time::parse(text).expect("a time");
        assert!(is_quiet("22:00-07:00", at("2026-01-01T23:10:00Z"), 0));
        assert!(is_quiet("22:00-07:00", at("2026-01-01T06:59:00Z"), 0));
        assert!(!is_quiet("22:00-07:00", at("2026-01-01T07:00:00Z"), 0));
        assert!(is_quiet("22:00-07:00", at("2026-01-01T20:10:00Z"), 7_200_000), "local time counts");
        assert!(
            !is_quiet("", at("2026-01-01T23:10:00Z"), 0) && !is_quiet("x-y", at("2026-01-01T23:10:00Z"), 0)
        );
    }

    #[test]
    fn the_terminal_is_told_in_the_chosen_words() {
        let settings = Settings::built_in().attention;
        assert_eq!(signal(&settings, "a is done", false), b"\x07");
        let osc9 = Attention { terminal: "osc9".into(), bell: false, ..settings.clone() };
        assert_eq!(signal(&osc9, "a is done", false), b"\x1b]9;a is done\x07");
        assert_eq!(signal(&osc9, "a", true), b"\x1bPtmux;\x1b\x1b]9;a\x07\x1b\\");
        let osc777 = Attention { terminal: "osc777".into(), ..settings };
        assert_eq!(signal(&osc777, "a;b", false), b"\x1b]777;notify;sf;a,b\x07\x07");
    }
}
