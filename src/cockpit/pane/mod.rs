//! The four lists on the left: which rows they have, and how a row looks.

mod features;
mod hosts;
mod live;
mod transcripts;

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use features::marks as worktree_marks;
pub use live::{ending, mark as live_mark, program};

use super::list::{Item, List};
use super::skin::Skin;
use super::state::{Pane, State};
use super::table::{Cell, Column, draw};
use super::text;
use crate::config::theme::Role;
use crate::model::snapshot::Snapshot;

/// From this width on a list shows more than names.
const ROOMY: u16 = 56;
/// Of a transcript the title says most; it goes before all else.
const ROOMY_TITLES: u16 = 76;

/// The rows of a pane that its filter lets through.
pub fn items(pane: Pane, state: &State, filter: &str) -> Vec<Item> {
    let filter = Filter::new(filter);
    let (data, folded) = (&state.data, &state.folded);
    match pane {
        Pane::Hosts => hosts::items(data, &filter),
        Pane::Features => features::items(data, folded, &filter),
        Pane::Live => live::items(data, &filter),
        Pane::Transcripts => transcripts::items(data, state.shelf.sort, &filter),
        Pane::Stage => Vec::new(),
    }
}

/// Characters that the letters of a word may be strewn over, for each of them.
const STREWN: usize = 2;

/// What a person types after `/`: words that must all be found, fuzzily.
struct Filter {
    matcher: SkimMatcherV2,
    words: Vec<String>,
}

impl Filter {
    fn new(text: &str) -> Self {
        let words = text.split_whitespace().map(str::to_owned).collect();
        Self { matcher: SkimMatcherV2::default(), words }
    }

    fn lets(&self, text: &str) -> bool {
        self.rank(text).is_some()
    }

    /// How well a text fits: the very words before letters with others between them.
    fn rank(&self, text: &str) -> Option<i64> {
        let lower = text.to_lowercase();
        self.words.iter().map(|word| self.rank_word(text, &lower, word)).sum()
    }

    fn rank_word(&self, text: &str, lower: &str, word: &str) -> Option<i64> {
        const VERY: i64 = 1_000_000;
        if lower.contains(&word.to_lowercase()) {
            return Some(VERY);
        }
        let (score, at) = self.matcher.fuzzy_indices(text, word)?;
        // Nearly every word can be strewn over a long text.
        let span = at.last()? - at.first()? + 1;
        (span <= STREWN * word.chars().count()).then_some(score)
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// What rows are drawn with.
pub(super) struct Paint<'a> {
    state: &'a State,
    skin: &'a Skin,
    roomy: bool,
}

impl Paint<'_> {
    fn cell(&self, text: impl Into<String>, role: Role) -> Cell {
        vec![(text.into(), self.skin.get(role))]
    }

    /// The same for text that others wrote.
    fn foreign(&self, text: &str, role: Role) -> Cell {
        self.cell(text::clean(text), role)
    }
}

/// The place that a pane's rows have; below them transcripts say what is wrong with a tool.
pub fn rows(state: &State, pane: Pane, area: Rect) -> Rect {
    let foot = pane == Pane::Transcripts && area.height >= 4 && state.shelf.unwell().next().is_some();
    Rect { height: area.height - u16::from(foot), ..area }
}

/// Draws the visible rows of a pane.
pub fn view(state: &State, skin: &Skin, pane: Pane, whole: Rect, buf: &mut Buffer) {
    let area = rows(state, pane, whole);
    if area.height < whole.height {
        transcripts::foot(state, skin, Rect { y: area.bottom(), height: 1, ..whole }, buf);
    }
    let Some(list) = state.list(pane) else { return };
    let least = if pane == Pane::Transcripts { ROOMY_TITLES } else { ROOMY };
    let paint = Paint { state, skin, roomy: area.width >= least };
    let data = &state.data;
    let visible: Vec<&Item> = list.items().iter().skip(list.offset()).take(area.height.into()).collect();
    if visible.is_empty() {
        return empty(state, skin, pane, list, area, buf);
    }
    let build = |row: fn(&Paint, &Snapshot, &Item) -> Vec<Cell>| -> Vec<Vec<Cell>> {
        visible.iter().map(|item| row(&paint, data, item)).collect()
    };
    let (columns, rows): (&[Column], _) = match pane {
        Pane::Hosts => (hosts::COLUMNS, build(hosts::row)),
        Pane::Features => (features::COLUMNS, build(features::row)),
        Pane::Live => (live::COLUMNS, build(live::row)),
        Pane::Transcripts => (transcripts::COLUMNS, build(transcripts::row)),
        Pane::Stage => return,
    };
    let focused = state.focus == pane;
    let role = if focused { Role::Selection } else { Role::SelectionBlur };
    let shown = list.cursor().checked_sub(list.offset());
    draw(buf, area, columns, &rows, shown.map(|at| (at, skin.get(role), focused)));
}

/// An empty pane says what to do next.
fn empty(state: &State, skin: &Skin, pane: Pane, list: &List, area: Rect, buf: &mut Buffer) {
    let (nothing, command, call) = match pane {
        _ if !list.filter.is_empty() => ("nothing matches", "back", "esc clears the filter"),
        Pane::Hosts => ("no hosts yet", "host add", ":host add NAME TARGET"),
        Pane::Features => ("no features yet", "feature new", ":feature new NAME"),
        Pane::Live => ("nothing runs", "session start", "starts an agent in a worktree"),
        Pane::Transcripts => ("no transcripts yet", "capture", "reads the tools' own"),
        Pane::Stage => return,
    };
    let key = state.keys.chord_of(command).filter(|_| list.filter.is_empty());
    let how = key.map_or_else(|| call.to_owned(), |key| format!("{key}  {}", call.trim_start_matches(':')));
    let texts = [nothing.to_owned(), how];
    let air = u16::from(area.width >= 20);
    let area = Rect { x: area.x + air, width: area.width - 2 * air, ..area };
    for (line, y) in texts.iter().zip(area.y..area.bottom()) {
        let line = text::fit(line, usize::from(area.width));
        text::put(buf, area.x, y, &line, skin.get(Role::Dim), area.width);
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn letters_of_a_word_stand_near_each_other() {
        let rank = |filter: &str, text: &str| Filter::new(filter).rank(text);
        assert!(rank("calc", "Read calc.py") > rank("calc", "cache local"));
        assert_eq!(rank("calc", "claude-code local"), None);
        assert!(rank("tscript", "the transcript").is_some());
        assert_eq!(rank("calc zebra", "Read calc.py"), None);
        assert!(Filter::new("").lets("anything"));
    }
}
