//! The stage: what is selected, in full.

mod call;
pub mod changes;
mod commits;
mod edits;
mod entry;
mod facts;
pub(crate) mod job;
mod markdown;
mod prose;
mod reading;
mod report;
pub mod seek;
mod table;
pub mod talk;
mod terminal;
mod transcript;
mod value;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub use changes::Changes;
pub use entry::Kind;
pub use reading::{Mark, Reading};
pub use terminal::Terminal;
pub use transcript::{note, size as reading_size};

use super::extra::Extras;
use super::job::JobId;
use super::skin::Skin;
use super::state::{State, Typing};
use super::subject::{self, Subject};
use super::text;
use crate::config::theme::Role;
use crate::live::screen::Screen;
use crate::model::TranscriptId;

/// A line of roles; styles come with the skin.
pub type Line = Vec<(String, Role)>;

/// What is on the stage.
#[derive(Debug, Default)]
pub struct Stage {
    /// What is selected.
    pub subject: Option<Subject>,
    /// A command that is shown in its place.
    pub job: Option<JobId>,
    /// The first line that is shown; beyond the end means the end.
    pub scroll: usize,
    /// Counts changes of the selection, to know when it rests.
    pub token: u64,
    /// The live session.
    pub terminal: Option<Terminal>,
    /// Where the left button went down on it.
    pub pressed: Option<super::pointer::Pressed>,
    /// Whether every motion of the mouse is reported.
    pub motion: bool,
    /// The transcript.
    pub reading: Option<Reading>,
    /// What is shown although something else is selected, as long as that is.
    pub pin: Option<(Option<Subject>, Subject)>,
    /// The message that the transcript is opened at, and the text to be marked in it.
    pub goal: Option<(TranscriptId, u64, String)>,
}

impl Stage {
    /// The terminal, if it is what is shown.
    pub fn shown_terminal(&self) -> Option<&Terminal> {
        self.own_terminal().filter(|t| t.screen.is_some())
    }

    /// The transcript, if it is what is shown.
    pub fn shown_reading(&self) -> Option<&Reading> {
        let Some(Subject::Transcript(id)) = &self.subject else { return None };
        self.reading.as_ref().filter(|r| self.job.is_none() && r.id == *id)
    }

    /// The same, to be changed.
    pub fn shown_reading_mut(&mut self) -> Option<&mut Reading> {
        let Some(Subject::Transcript(id)) = &self.subject else { return None };
        self.reading.as_mut().filter(|r| self.job.is_none() && r.id == *id)
    }

    /// The same while it is still being attached: what is typed waits for it.
    pub fn own_terminal(&self) -> Option<&Terminal> {
        let Some(Subject::Live(id)) = &self.subject else { return None };
        self.terminal.as_ref().filter(|t| self.job.is_none() && t.id == *id)
    }
}

/// The title in the frame.
pub fn title(state: &State) -> Line {
    let text = |text: String| vec![(text, Role::Text)];
    if let Some(job) = state.stage.job.and_then(|id| state.jobs.get(id)) {
        let place = job.changes.as_deref().and_then(|changes| changes.at(state.stage.scroll));
        let place = place.map_or(String::new(), |(n, of, ..)| format!("  file {n} of {of}"));
        return vec![(text::clean(&job.line), Role::Text), (place, Role::Dim)];
    }
    match &state.stage.subject {
        None => text("Session Forge".into()),
        Some(Subject::Host(host)) => text(host.to_string()),
        Some(Subject::Feature(feature)) => text(feature.to_string()),
        Some(Subject::Worktree(feature, repo, host)) => text(format!("{feature}/{repo} @ {host}")),
        Some(Subject::Live(id)) => terminal::title(state, id),
        Some(Subject::Transcript(id)) => {
            let row = subject::transcript(&state.data, id);
            let title = row.and_then(|r| r.title.as_deref()).unwrap_or("untitled");
            text(text::clean(title.trim()))
        }
    }
}

/// The lines of everything but a terminal, at a width. `rows` is for what stands in the middle.
fn lines(state: &State, width: usize) -> Vec<Line> {
    if let Some(job) = state.stage.job.and_then(|id| state.jobs.get(id)) {
        return job::lines(job, state.now, width);
    }
    match &state.stage.subject {
        None => facts::welcome(state),
        Some(Subject::Host(host)) => facts::host(state, host, width),
        Some(Subject::Feature(feature)) => facts::feature(state, feature, width),
        Some(Subject::Worktree(feature, repo, host)) => facts::worktree(state, feature, repo, host, width),
        Some(Subject::Live(id)) => facts::live(state, id, width),
        // While it is being fetched.
        Some(Subject::Transcript(id)) => facts::transcript(state, id, width),
    }
}

/// The differences of a worktree, if they are what is shown.
fn changes(state: &State) -> Option<&Changes> {
    state.stage.job.and_then(|id| state.jobs.get(id))?.changes.as_deref()
}

/// How far down the stage can be scrolled.
pub fn most_scroll(state: &State, width: u16, height: u16) -> usize {
    if let Some(changes) = changes(state) {
        return changes.most_scroll(height.into());
    }
    lines(state, width.into()).len().saturating_sub(height.into())
}

/// The lines of everything but a terminal, as text.
pub fn plain(state: &State, width: u16) -> Vec<String> {
    let text = |line: &Line| line.iter().map(|(text, _)| text.as_str()).collect();
    if let Some(changes) = changes(state) {
        return changes.rows().iter().map(text).collect();
    }
    lines(state, width.into()).iter().map(text).collect()
}

/// Draws the stage; gives the place of a terminal's cursor.
pub fn view(state: &State, skin: &Skin, area: Rect, buf: &mut Buffer) -> Option<Position> {
    if let Some(terminal) = state.stage.shown_terminal() {
        let typing = state.typing == Typing::Terminal;
        return terminal::view(terminal, skin, typing, area, buf);
    }
    if let (Some(reading), Some(Subject::Transcript(id))) =
        (state.stage.shown_reading(), &state.stage.subject)
    {
        transcript::view(state, reading, id, skin, area, buf);
        return None;
    }
    // A column of air at the left edge, where there is room for it.
    let air = u16::from(area.width > 30);
    let area = Rect { x: area.x + air, width: area.width - 2 * air, ..area };
    if let Some(changes) = changes(state) {
        let first = state.stage.scroll.min(changes.most_scroll(area.height.into()));
        put_lines(changes.rows().get(first..).unwrap_or_default(), skin, area, buf);
        // The file that is read stays in sight.
        if let Some((.., heading, start)) = changes.at(first).filter(|(.., start)| *start < first) {
            let _ = start;
            put_lines(std::slice::from_ref(heading), skin, Rect { height: 1, ..area }, buf);
        }
        return None;
    }
    let lines = lines(state, area.width.into());
    let first = state.stage.scroll.min(lines.len().saturating_sub(area.height.into()));
    put_lines(lines.get(first..).unwrap_or_default(), skin, area, buf);
    None
}

fn put_lines(lines: &[Line], skin: &Skin, area: Rect, buf: &mut Buffer) {
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        let pieces: Vec<text::Piece> = line.iter().map(|(t, role)| (t.clone(), skin.get(*role))).collect();
        text::put_line(buf, Rect { y, height: 1, ..area }, &pieces);
    }
}

/// What the cells of a terminal on the stage have beyond what [`view`] draws.
pub fn extras(state: &State, skin: &Skin, area: Rect) -> Extras {
    state.stage.shown_terminal().map_or_else(Extras::default, |t| terminal::extras(t, skin, area, area))
}

/// The rows of a terminal on the stage that changed since the last picture, and what they have beyond it; nothing when
/// everything is drawn anyway.
pub fn part(
    state: &State,
    skin: &Skin,
    area: Rect,
    wanted: bool,
) -> Option<(Buffer, Extras, Option<Position>)> {
    let terminal = state.stage.shown_terminal()?;
    let rows = terminal.screen.as_ref()?.with(Screen::take_changes);
    let typing = state.typing == Typing::Terminal;
    rows.filter(|_| wanted).map(|rows| terminal::part(terminal, skin, typing, area, rows))
}

/// Breaks a line between words, for boxes as wide as that.
pub fn wrap(line: Line, width: usize) -> Vec<Line> {
    prose::wrap(line, width, "", "")
}

/// The same with something in front of the first row, and of the others.
pub fn hang(line: Line, width: usize, first: &str, rest: &str) -> Vec<Line> {
    prose::wrap(line, width, first, rest)
}

/// The columns that `lines` are given on a stage of this width.
pub fn text_width(width: u16) -> u16 {
    if width > 30 { width - 2 } else { width }
}
