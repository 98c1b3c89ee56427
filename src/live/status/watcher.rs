//! What a session is doing over time: what was seen before, and what has to be seen for a moment
//! before it counts.
//!
//! ```text
//!            Enter typed, then working is seen
//! not worked ---------------------------------> worked       ready means idle before, waiting after
//!
//!           another state is seen                 still there after HOLD
//! published ----------------------> candidate ---------------------------> published
//!     blocked and exited are published at once
//! ```

use std::time::Duration;

use super::rules::{RuleFile, Rules, Shows};
use super::{Facts, Verdict, generic};
use crate::live::screen::Notice;
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::wire::holder::Event;

/// Output is looked at no more often than this.
const EVERY: Duration = Duration::from_millis(100);
/// Redrawing after a new size, or between two turns, shows something else for this long (recordings:
/// up to 0.15 s).
const HOLD: Duration = Duration::from_millis(200);
/// A program that was started with a prompt works without anybody having typed; its first drawing
/// looks like work only for a moment.
const SURELY_WORKS: Duration = Duration::from_secs(1);
/// An event that the screen contradicts for this long was the last one that came: a turn that was
/// given up tells no hook.
const CONTRADICTED: Duration = Duration::from_secs(3);

/// Keeps the state of one session. Times are since its start.
#[derive(Debug)]
pub struct Watcher {
    files: Vec<RuleFile>,
    digest: String,
    tool: Option<ToolId>,
    version: Option<String>,
    rules: Option<Rules>,
    shows: Shows,
    progress: Option<u8>,
    mark: Option<(char, Option<i32>)>,
    event: Option<Event>,
    contradicted: Option<Duration>,
    entered: bool,
    worked: bool,
    works_since: Option<Duration>,
    published: Verdict,
    since: Duration,
    candidate: Option<(LiveState, Duration)>,
    looked: Option<Duration>,
    fresh: bool,
    /// Bells and notifications so far.
    pub calls: u64,
}

impl Watcher {
    /// Knows nothing yet.
    pub fn new(files: Vec<RuleFile>, tool: Option<ToolId>, version: Option<String>) -> Self {
        let mut new = Self {
            digest: super::rules::digest(&files),
            files,
            tool: None,
            version,
            rules: None,
            shows: Shows::default(),
            progress: None,
            mark: None,
            event: None,
            contradicted: None,
            entered: false,
            worked: false,
            works_since: None,
            published: Verdict::unknown(),
            since: Duration::ZERO,
            candidate: None,
            looked: None,
            fresh: true,
            calls: 0,
        };
        new.be(tool);
        new
    }

    /// Which tool it is now: in a shell one comes and goes.
    pub fn be(&mut self, tool: Option<ToolId>) {
        if self.tool == tool {
            return;
        }
        let file = tool.and_then(|tool| RuleFile::choose(&self.files, tool, self.version.as_deref()));
        self.rules = file.map(Rules::of);
        (self.tool, self.fresh) = (tool, true);
        (self.worked, self.works_since, self.event) = (false, None, None);
    }

    /// Other rules.
    pub fn learn(&mut self, files: Vec<RuleFile>) {
        (self.digest, self.files) = (super::rules::digest(&files), files);
        let tool = self.tool.take();
        let (worked, event) = (self.worked, self.event.take());
        self.be(tool);
        (self.worked, self.event, self.fresh) = (worked, event, true);
    }

    /// A short name of the rules.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// A person, or a script in their name, types: what was asked is being answered.
    pub fn typed(&mut self, bytes: &[u8]) {
        // Reports of mouse and focus are not typed.
        if bytes.starts_with(b"\x1b[<")
            || bytes.starts_with(b"\x1b[M")
            || matches!(bytes, b"\x1b[I" | b"\x1b[O")
        {
            return;
        }
        self.entered |= bytes.contains(&b'\r');
        self.event =
            self.event.take_if(|event| event.state == Some(LiveState::Working) && !interrupts(bytes));
        self.shows.notice = None;
        self.fresh = true;
    }

    /// The program told its terminal something.
    pub fn heard(&mut self, notice: &Notice) {
        match notice {
            Notice::Bell => self.calls += 1,
            Notice::Notify { title, body } => {
                self.calls += 1;
                let joined = if title.is_empty() { body.clone() } else { format!("{title}: {body}") };
                self.shows.notice = Some(joined);
            }
            Notice::Progress(state, _) => self.progress = Some(*state),
            Notice::Mark(mark, status) => self.mark = Some((*mark, *status)),
            Notice::Tool(said) => self.shows.report = Some(said.clone()),
            _ => {}
        }
        self.fresh = true;
    }

    /// The program wrote something.
    pub fn wrote(&mut self) {
        self.fresh = true;
    }

    /// The tool's own word.
    pub fn event(&mut self, event: Event) {
        if event.state.is_some() {
            self.worked |= event.state == Some(LiveState::Working);
            self.contradicted = None;
            self.event = Some(event);
        }
        self.fresh = true;
    }

    /// The last notification that nobody answered yet.
    pub fn notice(&self) -> Option<&str> {
        self.shows.notice.as_deref()
    }

    /// In how long it has to be looked at, if nothing else happens.
    pub fn due(&self, now: Duration) -> Option<Duration> {
        let after = |since: Duration, wait: Duration| (since + wait).saturating_sub(now);
        let look = self.fresh.then(|| self.looked.map_or(Duration::ZERO, |looked| after(looked, EVERY)));
        let hold = self.candidate.map(|(_, since)| after(since, HOLD));
        let doubt = self.contradicted.map(|since| after(since, CONTRADICTED));
        let sure = self.works_since.filter(|_| !self.worked).map(|since| after(since, SURELY_WORKS));
        [look, hold, doubt, sure].into_iter().flatten().min()
    }

    /// What was published last, and since when.
    pub fn verdict(&self) -> (&Verdict, Duration) {
        (&self.published, self.since)
    }

    /// Looks at everything; whether another state is published now.
    pub fn look(&mut self, now: Duration, title: Option<&str>, rows: Vec<String>, facts: &Facts) -> bool {
        (self.looked, self.fresh) = (Some(now), false);
        self.shows.title = title.map(str::to_owned);
        self.shows.rows = rows;
        let seen = self.judge(now, facts);
        self.note_work(now, seen.state);
        // What was seen may have become a turn just now.
        let seen = if self.worked && seen.state == LiveState::Idle && seen.ready {
            Verdict { state: LiveState::Waiting, ..seen }
        } else {
            seen
        };
        if seen.state == self.published.state {
            (self.published, self.candidate) = (seen, None);
            return false;
        }
        let at_once = matches!(seen.state, LiveState::Blocked | LiveState::Exited)
            || self.published.state == LiveState::Unknown
            || facts.plain_shell;
        let since = match self.candidate {
            Some((state, since)) if state == seen.state => since,
            _ => now,
        };
        if at_once || now >= since + HOLD {
            (self.published, self.candidate, self.since) = (seen, None, now);
            return true;
        }
        self.candidate = Some((seen.state, since));
        false
    }

    fn note_work(&mut self, now: Duration, state: LiveState) {
        if state != LiveState::Working {
            self.works_since = None;
            return;
        }
        let since = *self.works_since.get_or_insert(now);
        self.worked |= (self.entered && now >= since + EVERY) || now >= since + SURELY_WORKS;
    }

    fn judge(&mut self, now: Duration, facts: &Facts) -> Verdict {
        if let Some(exited) = generic::exited(facts) {
            return exited;
        }
        let hit = self.rules.as_ref().and_then(|rules| rules.ask(&self.shows)).map(|hit| Verdict {
            state: hit.says.state(self.worked),
            ready: hit.says == super::rules::Says::Ready,
            rule: hit.rule,
            evidence: hit.evidence,
        });
        // A question on the screen is never overruled.
        if let Some(hit) = hit.as_ref().filter(|hit| hit.state == LiveState::Blocked) {
            return hit.clone();
        }
        if let Some(said) = self.said(now, hit.as_ref()) {
            return said;
        }
        hit.or_else(|| generic::ask(&self.shows, self.progress, self.mark, self.worked, facts))
            .unwrap_or_else(Verdict::unknown)
    }

    /// What the tool's last event says, unless the screen has shown something else for a while.
    fn said(&mut self, now: Duration, hit: Option<&Verdict>) -> Option<Verdict> {
        let event = self.event.as_ref()?;
        let state = event.state?;
        if hit.is_none_or(|hit| hit.state == state || (hit.ready && state != LiveState::Working)) {
            self.contradicted = None;
        } else if now >= *self.contradicted.get_or_insert(now) + CONTRADICTED {
            (self.contradicted, self.event) = (None, None);
            return None;
        }
        let detail = event.detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default();
        Some(Verdict {
            state,
            ready: false,
            rule: format!("{}-{}", event.source, event.name),
            evidence: format!("its {} told {}{detail}", event.source, event.name),
        })
    }
}

/// Keys that end a turn early.
fn interrupts(bytes: &[u8]) -> bool {
    matches!(bytes, b"\x1b" | b"\x03" | b"\x1b\x1b")
}
