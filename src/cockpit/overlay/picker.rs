//! A list to choose one thing from: what goes into a slot.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{TextBox, Verdict, frame};
use crate::cockpit::skin::Skin;
use crate::cockpit::table::{self, Column};
use crate::cockpit::template::{Filling, Slot, Template};
use crate::cockpit::text;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub label: String,
    /// What it is.
    pub about: String,
    /// The words that go into the slot.
    pub words: Vec<String>,
}

impl Choice {
    /// A choice that is one word.
    pub fn word(label: impl Into<String>, about: impl Into<String>) -> Self {
        let label = label.into();
        Self { words: vec![label.clone()], label, about: about.into() }
    }
}

/// A choice that is being made, for a slot of a line that is being filled.
#[derive(Debug)]
pub struct Picker {
    /// The line.
    pub template: Template,
    /// What its other slots got.
    pub filling: Filling,
    /// The slot.
    pub slot: Slot,
    choices: Vec<Choice>,
    input: TextBox,
    cursor: usize,
}

impl Picker {
    /// Asks what goes into a slot.
    pub fn new(template: Template, filling: Filling, slot: Slot, choices: Vec<Choice>) -> Self {
        Self { template, filling, slot, choices, input: TextBox::new("", false), cursor: 0 }
    }

    fn found(&self) -> Vec<&Choice> {
        let query = self.input.text();
        if query.trim().is_empty() {
            return self.choices.iter().collect();
        }
        let matcher = SkimMatcherV2::default();
        let score = |c: &Choice| matcher.fuzzy_match(&format!("{} {}", c.label, c.about), query.trim());
        let mut found: Vec<(i64, &Choice)> =
            self.choices.iter().filter_map(|c| score(c).map(|s| (s, c))).collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, choice)| choice).collect()
    }

    pub(super) fn key(&mut self, chord: Chord) -> Verdict {
        let last = self.found().len().saturating_sub(1);
        match chord.key {
            Key::Escape => return Verdict::Close,
            Key::Up => self.cursor = self.cursor.min(last).saturating_sub(1),
            Key::Down | Key::Tab => self.cursor = (self.cursor + 1).min(last),
            Key::Enter => {
                let words = self.found().get(self.cursor.min(last)).map(|c| c.words.clone());
                return words.map_or(Verdict::Stay, Verdict::Picked);
            }
            _ => {
                if self.input.key(chord) {
                    self.cursor = 0;
                }
            }
        }
        Verdict::Stay
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.input.paste(text);
        self.cursor = 0;
    }

    pub(super) fn view(&self, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let found = self.found();
        let rows = u16::try_from(self.choices.len()).unwrap_or(u16::MAX).min(14);
        let name = self.template.line.split(['{', '-']).next().unwrap_or_default().trim();
        let title = format!("{}: which {}?", text::clean(name), self.slot.subject());
        let inner = frame(&title, skin, screen, (60, rows.saturating_add(2)), buf);
        let style = skin.get(Role::Text).patch(skin.get(Role::Overlay));
        text::put(buf, inner.x, inner.y, "› ", skin.get(Role::Key), inner.width);
        let line = Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), height: 1, ..inner };
        self.input.view(style, true, line.intersection(inner), buf);
        let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
        let page = usize::from(list.height).max(1);
        let cursor = self.cursor.min(found.len().saturating_sub(1));
        let first = (cursor + 1).saturating_sub(page);
        let cells: Vec<Vec<table::Cell>> = found
            .iter()
            .skip(first)
            .take(page)
            .map(|choice| {
                vec![
                    vec![(text::clean(&choice.label), skin.get(Role::Text))],
                    vec![(text::clean(&choice.about), skin.get(Role::Dim))],
                ]
            })
            .collect();
        let columns = [Column::new(), Column::new().grows()];
        table::draw(buf, list, &columns, &cells, Some((cursor - first, skin.get(Role::Selection), true)));
    }
}
