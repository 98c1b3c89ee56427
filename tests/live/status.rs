//! The status rules over recordings whose true state is known.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use session_forge::live::screen::Screen;
use session_forge::live::status::{Facts, RuleFile, Watcher};
use session_forge::model::ToolId;
use session_forge::model::live::LiveState;

use crate::support::cast::{self, Cast, Happened};

/// The paint follows the truth by up to this (0.67 s were measured); samples before do not count.
const LATE: Duration = Duration::from_millis(700);
const SAMPLE: Duration = Duration::from_millis(50);

/// The cases that the rules were written from; the others only check them.
const WRITTEN_FROM: [(&str, ToolId, &[&str]); 4] = [
    (
        "claude-code",
        ToolId::ClaudeCode,
        &[
            "api_error",
            "draft_while_working",
            "exit",
            "kitty_profile",
            "notify_bell",
            "paste_lines",
            "plan",
            "prose_dialog",
            "question",
            "shell_approve",
            "small_dialog",
            "trust",
        ],
    ),
    (
        "codex",
        ToolId::Codex,
        &[
            "answer-streamed",
            "api-error-retry",
            "background-terminal",
            "exit",
            "interrupt-esc",
            "interrupt-tool",
            "notify-and-title",
            "pickers",
            "shell-denied",
            "start-idle",
        ],
    ),
    (
        "copilot",
        ToolId::Copilot,
        &[
            "api_error",
            "draft_while_working",
            "exit",
            "paste_lines",
            "picker",
            "plan",
            "prose_dialog",
            "question",
            "shell_approve",
            "small_dialog",
            "trust",
        ],
    ),
    (
        "gemini",
        ToolId::Gemini,
        &[
            "alternate-buffer-approval",
            "api-error-final",
            "edit-approved",
            "interrupt-esc",
            "long-code-and-table",
            "notify-and-title",
            "pickers",
            "resize",
            "shell-denied",
            "start-idle",
        ],
    ),
];

/// A holder's eyes on a recording, in the recording's own time.
struct Replay {
    screen: Screen,
    watcher: Watcher,
    /// Each state that was published, and when.
    published: Vec<(Duration, LiveState)>,
}

impl Replay {
    fn look(&mut self, now: Duration) {
        let (title, rows) = (self.screen.title().map(str::to_owned), self.screen.text());
        self.watcher.look(now, title.as_deref(), rows, &Facts::default());
        let state = self.watcher.verdict().0.state;
        if self.published.last().is_none_or(|(_, last)| *last != state) {
            self.published.push((now, state));
        }
    }

    /// What is due up to a moment.
    fn until(&mut self, mut from: Duration, to: Duration) {
        while let Some(due) = self.watcher.due(from).filter(|due| from + *due <= to) {
            from += due;
            self.look(from);
        }
    }

    fn of(cast: &Cast, rules: &[RuleFile], tool: ToolId) -> Vec<(Duration, LiveState)> {
        let watcher = Watcher::new(rules.to_vec(), Some(tool), None);
        let mut replay =
            Self { screen: Screen::new(cast.size.0, cast.size.1), watcher, published: Vec::new() };
        let mut now = Duration::ZERO;
        for (at, happened) in &cast.events {
            replay.until(now, *at);
            now = *at;
            match happened {
                Happened::Output(text) => {
                    replay.screen.feed(text.as_bytes());
                    let notices = replay.screen.take_notices();
                    notices.iter().for_each(|notice| replay.watcher.heard(notice));
                    replay.watcher.wrote();
                }
                Happened::Input(text) => replay.watcher.typed(text.as_bytes()),
                Happened::Size(cols, rows) => replay.screen.resize(*cols, *rows),
            }
        }
        replay.until(now, now + Duration::from_secs(10));
        replay.published
    }
}

/// What came out for some recordings.
#[derive(Default)]
struct Score {
    cases: usize,
    samples: usize,
    right: usize,
    changes: usize,
    wrong: Vec<String>,
    /// Blocked read as something else, something else read as blocked, changes that were none.
    bad: Vec<String>,
}

impl Score {
    fn add(&mut self, cast: &Cast, published: &[(Duration, LiveState)]) {
        self.cases += 1;
        let at = |t: Duration| {
            published
                .iter()
                .rev()
                .find(|(since, _)| *since <= t)
                .map_or(LiveState::Unknown, |(_, state)| *state)
        };
        let mut misses: BTreeMap<(LiveWord, LiveWord), usize> = BTreeMap::new();
        for (from, to, truth) in &cast.truth {
            let mut t = *from + LATE;
            while t < *to {
                let read = at(t);
                self.samples += 1;
                if read == *truth {
                    self.right += 1;
                } else {
                    *misses.entry((truth.as_str(), read.as_str())).or_default() += 1;
                    if *truth == LiveState::Blocked || read == LiveState::Blocked {
                        self.bad.push(format!(
                            "{}: {} read as {} at {t:?}",
                            cast.case,
                            truth.as_str(),
                            read.as_str()
                        ));
                    }
                }
                t += SAMPLE;
            }
        }
        for ((truth, read), count) in misses {
            self.wrong.push(format!("{}: {count} × {truth} read as {read}", cast.case));
        }
        let labelled = |t: &Duration| cast.truth.iter().any(|(from, to, _)| from <= t && t < to);
        let first = cast.truth.first().map(|(from, ..)| *from).unwrap_or_default();
        let changes = published.iter().filter(|(t, _)| *t > first && labelled(t)).count();
        let mut states: Vec<LiveState> = cast.truth.iter().map(|(.., state)| *state).collect();
        states.dedup();
        states.retain(|state| *state != LiveState::Exited);
        // The first state may come a moment after its label begins.
        let most = states.len();
        self.changes += changes;
        if changes > most {
            self.bad.push(format!("{}: {changes} changes where {most} are true: {published:?}", cast.case));
        }
    }

    fn share(&self) -> f64 {
        100.0 * self.right as f64 / self.samples.max(1) as f64
    }
}

type LiveWord = &'static str;

#[test]
fn the_rules_are_right_over_the_recordings() {
    let mut table = String::from(
        "| tool | cases | samples | right | blocked misread | false changes |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    let (mut bad, mut low, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    let rules = RuleFile::bundled();
    for (name, tool, written) in WRITTEN_FROM {
        let casts = cast::all(name);
        assert!(casts.len() >= 20, "{name}: recordings are missing");
        for half in ["written from", "checked on"] {
            let mut score = Score::default();
            let mine =
                casts.iter().filter(|c| written.contains(&c.case.as_str()) == (half == "written from"));
            mine.for_each(|cast| score.add(cast, &Replay::of(cast, &rules, tool)));
            let flaps = score.bad.iter().filter(|line| line.contains("changes where")).count();
            writeln!(
                table,
                "| {name}, {half} | {} | {} | {:.2} % | {} | {flaps} |",
                score.cases,
                score.samples,
                score.share(),
                score.bad.len() - flaps,
            )
            .expect("written");
            if score.share() < 99.0 {
                low.push(format!("{name}, {half}: {:.2} %", score.share()));
            }
            bad.append(&mut score.bad);
            wrong.append(&mut score.wrong);
        }
    }
    if session_forge::sys::Env::current().get("SF_BLESS").is_some() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/status.md");
        let page = std::fs::read_to_string(&path).expect("docs/status.md");
        let (head, rest) = page.split_once("<!-- table -->\n").expect("a table");
        let (_, tail) = rest.split_once("<!-- end -->").expect("its end");
        let page = format!("{head}<!-- table -->\n{table}<!-- end -->{tail}");
        std::fs::write(path, page).expect("written");
    }
    assert!(bad.is_empty() && low.is_empty(), "{table}\n{low:#?}\n{bad:#?}\n{wrong:#?}");
}

#[test]
fn prose_that_looks_like_a_dialog_is_never_blocked_at_any_time() {
    let rules = RuleFile::bundled();
    for (name, tool, _) in WRITTEN_FROM {
        for cast in cast::all(name).iter().filter(|cast| cast.case.starts_with("prose")) {
            let published = Replay::of(cast, &rules, tool);
            assert!(
                !published.iter().any(|(_, state)| *state == LiveState::Blocked),
                "{}: {published:?}",
                cast.case
            );
        }
    }
}
