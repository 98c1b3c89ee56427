//! The palette: every command, found fuzzily; then its arguments, completed; then the line is run.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{TextBox, Verdict, World, frame};
use crate::cockpit::book::{Arg, Kind, Spec};
use crate::cockpit::complete;
use crate::cockpit::skin::Skin;
use crate::cockpit::table::{self, Column};
use crate::cockpit::text;
use crate::command::line;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

const ROWS: u16 = 14;

/// A row below the line.
#[derive(Clone, Debug)]
struct Row {
    text: String,
    about: String,
    key: String,
    /// The line once the row was taken.
    line: String,
    /// Whether taking it leaves nothing to say.
    whole: bool,
}

/// The line that is being typed, and what it could become.
#[derive(Debug)]
pub struct Palette {
    input: TextBox,
    rows: Vec<Row>,
    cursor: Option<usize>,
    usage: String,
    error: Option<String>,
}

impl Palette {
    /// A palette with the beginning of a line in it.
    pub fn new(text: &str, world: World<'_>) -> Self {
        let input = TextBox::new(text, false);
        let mut palette = Self { input, rows: Vec::new(), cursor: None, usage: String::new(), error: None };
        palette.refresh(world);
        palette
    }

    fn refresh(&mut self, world: World<'_>) {
        let typed = self.input.text();
        self.error = None;
        let words: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
        let open = typed.ends_with(char::is_whitespace);
        match world.keys.book.begins(&words) {
            Some((spec, n)) if words.len() > n || open => {
                self.usage = format!("{} {}", spec.entry.name, spec.usage());
                self.rows = arguments(spec, &typed, &words[n..], open, world);
                self.cursor = None;
            }
            _ => {
                self.usage.clear();
                self.rows = commands(typed.trim(), world);
                self.cursor = (!self.rows.is_empty()).then_some(0);
            }
        }
    }

    fn take(&mut self, at: usize, world: World<'_>) {
        if let Some(row) = self.rows.get(at).cloned() {
            self.input = TextBox::new(&row.line, false);
            self.refresh(world);
        }
    }

    pub(super) fn key(&mut self, chord: Chord, world: World<'_>) -> Verdict {
        let last = self.rows.len().saturating_sub(1);
        match chord.key {
            Key::Escape => return Verdict::Close,
            Key::Up => self.cursor = self.cursor.and_then(|at| at.checked_sub(1)).or(self.cursor.map(|_| 0)),
            Key::Down if !self.rows.is_empty() => {
                self.cursor = Some(self.cursor.map_or(0, |at| (at + 1).min(last)));
            }
            Key::Tab => self.take(self.cursor.unwrap_or(0), world),
            Key::Enter => return self.enter(world),
            _ => {
                if self.input.key(chord) {
                    self.refresh(world);
                }
            }
        }
        Verdict::Stay
    }

    fn enter(&mut self, world: World<'_>) -> Verdict {
        let typed = self.input.text();
        let row = self.cursor.and_then(|at| self.rows.get(at));
        // What was typed in full is meant, whatever is marked below it.
        let exact = world.keys.book.find(typed.trim()).is_some_and(|spec| spec.places().next().is_none());
        match row {
            Some(row) if !exact && !row.whole => {
                self.take(self.cursor.unwrap_or(0), world);
                return Verdict::Stay;
            }
            Some(row) if !exact => {
                let line = row.line.clone();
                return self.run(&line);
            }
            _ => {}
        }
        self.run(&typed)
    }

    fn run(&mut self, typed: &str) -> Verdict {
        let parsed = line::split(typed).and_then(|words| {
            line::parse(&words).map_err(line::Refused::into_error)?;
            Ok(words)
        });
        match parsed {
            Ok(words) => Verdict::Run(words),
            Err(error) => {
                self.error = Some(error.message);
                Verdict::Stay
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str, world: World<'_>) {
        self.input.paste(text);
        self.refresh(world);
    }

    pub(super) fn view(&self, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let inner = frame("Commands", skin, screen, (92, ROWS + 3), buf);
        let plain = skin.get(Role::Text).patch(skin.get(Role::Overlay));
        text::put(buf, inner.x, inner.y, "› ", skin.get(Role::Key), inner.width);
        let line = Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), height: 1, ..inner };
        self.input.view(plain, true, line.intersection(inner), buf);
        let (below, role) = match &self.error {
            Some(error) => (error.as_str(), Role::Error),
            None => (self.usage.as_str(), Role::Dim),
        };
        let below = text::fit(&text::clean(below), inner.width.into());
        if inner.height > 1 {
            text::put(buf, inner.x, inner.y + 1, &below, skin.get(role), inner.width);
        }
        let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
        let page = usize::from(list.height).max(1);
        let cursor = self.cursor.unwrap_or(0);
        let first = (cursor + 1).saturating_sub(page);
        let cell = |text: &str, role: Role| vec![(text::clean(text), skin.get(role))];
        let cells: Vec<Vec<table::Cell>> = self
            .rows
            .iter()
            .skip(first)
            .take(page)
            .map(|row| {
                vec![cell(&row.text, Role::Text), cell(&row.about, Role::Dim), cell(&row.key, Role::Key)]
            })
            .collect();
        let columns = [Column::new(), Column::new().grows(), Column::new().right().rank(1)];
        let mark = self.cursor.map(|at| (at - first, skin.get(Role::Selection), true));
        table::draw(buf, list, &columns, &cells, mark);
    }
}

/// Commands that are like what was typed, the likeliest first. A name counts more than what it does.
fn commands(query: &str, world: World<'_>) -> Vec<Row> {
    let matcher = SkimMatcherV2::default();
    let score = |spec: &Spec| -> Option<i64> {
        if query.is_empty() {
            return Some(if spec.is_verb() { 0 } else { 1 });
        }
        let name = matcher.fuzzy_match(spec.entry.name, query).map(|s| s * 3);
        // What it does is looked at for the very words: letters strewn over a sentence mean nothing.
        let about = spec.about.to_lowercase();
        let both = about.contains(&query.to_lowercase()).then_some(1);
        let begins = if spec.entry.name.starts_with(query) { 500 } else { 0 };
        name.max(both).map(|s| s + begins)
    };
    let mut found: Vec<(i64, &Spec)> =
        world.keys.book.specs().iter().filter_map(|spec| score(spec).map(|s| (s, spec))).collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found
        .into_iter()
        .map(|(_, spec)| {
            let whole = spec.places().next().is_none();
            let name = spec.entry.name;
            Row {
                text: name.to_owned(),
                about: spec.about.clone(),
                key: world.keys.chord_of(name).unwrap_or_default(),
                line: if whole { name.to_owned() } else { format!("{name} ") },
                whole,
            }
        })
        .collect()
}

/// What can stand where the cursor is.
fn arguments(spec: &Spec, typed: &str, words: &[String], open: bool, world: World<'_>) -> Vec<Row> {
    let (said, partial) = match words.split_last() {
        Some((last, said)) if !open => (said, last.as_str()),
        _ => (words, ""),
    };
    let kept = &typed[..typed.len() - partial.len()];
    let option = said.last().and_then(|word| word.strip_prefix("--"));
    let waiting =
        option.and_then(|long| spec.args.iter().find(|a| a.takes_value && a.long.as_deref() == Some(long)));
    let mut rows = Vec::new();
    let named = |arg: &Arg, rows: &mut Vec<Row>| rows.extend(values(arg, kept, partial, world));
    if let Some(arg) = waiting {
        named(arg, &mut rows);
        return rows;
    }
    if !partial.starts_with('-') {
        let by_place = places_said(spec, said);
        let next = spec.places().nth(by_place).or_else(|| spec.places().last().filter(|a| a.many));
        if let Some(arg) = next {
            named(arg, &mut rows);
        }
    }
    if partial.is_empty() || partial.starts_with('-') {
        let unused = |arg: &&Arg| {
            arg.long.as_ref().is_some_and(|long| arg.many || !said.contains(&format!("--{long}")))
        };
        for arg in spec.args.iter().filter(unused) {
            let flag = format!("--{}", arg.long.as_deref().unwrap_or_default());
            if flag.starts_with(partial) {
                rows.push(Row {
                    line: format!("{kept}{flag} "),
                    text: flag,
                    about: arg.help.clone(),
                    key: String::new(),
                    whole: false,
                });
            }
        }
    }
    rows
}

/// How many arguments by place there are already.
fn places_said(spec: &Spec, said: &[String]) -> usize {
    let mut count = 0;
    let mut words = said.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("--") {
            Some(long) => {
                let takes = spec.args.iter().any(|a| a.takes_value && a.long.as_deref() == Some(long));
                if takes {
                    words.next();
                }
            }
            None => count += 1,
        }
    }
    count
}

fn values(arg: &Arg, kept: &str, partial: &str, world: World<'_>) -> Vec<Row> {
    let mut choices = complete::choices(arg.kind, world.data);
    choices.extend(arg.values.iter().map(|v| super::Choice::word(v, "")));
    // Lists with commas: the last one is completed.
    let (before, current) = match (arg.kind, partial.rsplit_once(',')) {
        (Kind::Host, Some((before, current))) => (format!("{before},"), current),
        _ => (String::new(), partial),
    };
    if arg.kind == Kind::Host && arg.long.is_some() {
        choices.push(super::Choice::word("all", "every host"));
    }
    let matcher = SkimMatcherV2::default();
    let score = |label: &str| match current {
        "" => Some(0),
        _ => matcher.fuzzy_match(label, current),
    };
    let mut found: Vec<(i64, super::Choice)> = choices
        .into_iter()
        .filter_map(|c| score(&format!("{} {}", c.label, c.about)).map(|s| (s, c)))
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found
        .into_iter()
        .map(|(_, choice)| Row {
            line: format!("{kept}{before}{} ", line::join(std::slice::from_ref(&choice.label))),
            text: choice.label,
            about: choice.about,
            key: String::new(),
            whole: false,
        })
        .collect()
}
