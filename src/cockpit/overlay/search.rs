//! All transcripts, searched while the words are typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{TextBox, Verdict, frame};
use crate::cockpit::amount;
use crate::cockpit::effect::Effect;
use crate::cockpit::query::{self, Query};
use crate::cockpit::skin::Skin;
use crate::cockpit::state::State;
use crate::cockpit::subject;
use crate::cockpit::text::{self, Piece};
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;
use crate::error::{Error, Result};
use crate::model::transcript::Hit;

/// Rows of a hit.
const TALL: usize = 2;

/// A search.
#[derive(Debug)]
pub struct Search {
    input: TextBox,
    query: Query,
    /// Which answer is waited for.
    token: u64,
    waits: bool,
    hits: Vec<Hit>,
    total: u64,
    error: Option<String>,
    cursor: usize,
    page: std::cell::Cell<usize>,
}

impl Search {
    /// A search that begins with some words; and what is to be done for it.
    pub fn new(text: &str, token: u64) -> (Self, Option<Effect>) {
        let mut search = Self {
            input: TextBox::new(text, false),
            query: Query::default(),
            token,
            waits: false,
            hits: Vec::new(),
            total: 0,
            error: None,
            cursor: 0,
            page: std::cell::Cell::new(1),
        };
        let effect = search.ask();
        (search, effect)
    }

    /// The number of the last question.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Asks anew if what was typed says something else.
    fn ask(&mut self) -> Option<Effect> {
        let query = Query::parse(&self.input.text());
        if query == self.query {
            return None;
        }
        self.query = query;
        self.token += 1;
        self.error = None;
        match self.query.line() {
            Some(line) => {
                self.waits = true;
                Some(Effect::Search(self.token, line))
            }
            None => {
                (self.hits, self.total, self.cursor, self.waits) = (Vec::new(), 0, 0, false);
                // What is still being searched for is not wanted any more.
                Some(Effect::Search(self.token, Vec::new()))
            }
        }
    }

    /// Takes an answer in.
    pub fn take(&mut self, token: u64, found: Result<(u64, Vec<Hit>)>) {
        if token != self.token {
            return;
        }
        self.waits = false;
        match found {
            Ok((total, hits)) => {
                (self.total, self.hits, self.cursor, self.error) = (total, hits, 0, None);
            }
            Err(Error { message, .. }) => self.error = Some(message),
        }
    }

    fn set(&mut self, text: &str) -> Verdict {
        self.input = TextBox::new(text, false);
        self.ask().map_or(Verdict::Stay, Verdict::Do)
    }

    pub(super) fn key(&mut self, chord: Chord) -> Verdict {
        let last = self.hits.len().saturating_sub(1);
        let page = self.page.get().max(1);
        let text = self.input.text();
        match chord.key {
            Key::Escape => return Verdict::Close,
            Key::Up => self.cursor = self.cursor.saturating_sub(1),
            Key::Down => self.cursor = (self.cursor + 1).min(last),
            Key::Char('p') if chord.mods.ctrl => self.cursor = self.cursor.saturating_sub(1),
            Key::Char('n') if chord.mods.ctrl => self.cursor = (self.cursor + 1).min(last),
            Key::PageUp => self.cursor = self.cursor.saturating_sub(page),
            Key::PageDown => self.cursor = (self.cursor + page).min(last),
            Key::Char('t') if chord.mods.ctrl => return self.set(&query::cycle(&text, "tool")),
            Key::Char('r') if chord.mods.ctrl => return self.set(&query::cycle(&text, "role")),
            Key::Char('s') if chord.mods.ctrl => return self.set(&query::cycle(&text, "sort")),
            Key::Char('x') if chord.mods.ctrl => return self.set(&query::cycle(&text, "regex")),
            Key::Tab => {
                if let Some(text) = query::complete(&text) {
                    return self.set(&text);
                }
            }
            Key::Enter => {
                if !self.hits.is_empty() {
                    return Verdict::Hit(self.hits.clone(), self.cursor.min(last));
                }
            }
            _ => {
                if self.input.key(chord) {
                    return self.ask().map_or(Verdict::Stay, Verdict::Do);
                }
            }
        }
        Verdict::Stay
    }

    pub(super) fn paste(&mut self, text: &str) -> Option<Effect> {
        self.input.paste(text);
        self.ask()
    }

    fn status(&self) -> (String, Role) {
        if let Some(error) = &self.error {
            return (text::clean(error), Role::Error);
        }
        let filters: Vec<String> = self
            .query
            .filters
            .iter()
            .map(|(name, value)| format!("{} {value}", name.trim_start_matches('-')))
            .collect();
        let filters =
            if filters.is_empty() { String::new() } else { format!(" · {}", filters.join(" · ")) };
        let mut talks: Vec<&str> = self.hits.iter().map(|hit| hit.id.as_str()).collect();
        talks.sort_unstable();
        talks.dedup();
        let count = match (self.hits.len(), self.waits) {
            (0, true) => "searching …".to_owned(),
            (0, false) if self.query.line().is_none() => {
                "words, \"a phrase\", prefix*, AND OR NOT; tool: host: role: since: feature: in: sort: regex:"
                    .to_owned()
            }
            (0, false) => "nothing found".to_owned(),
            (shown, _) => {
                let plural = |n: u64, word: &str| {
                    format!("{} {word}{}", amount::count(n), if n == 1 { "" } else { "s" })
                };
                let all = self.total.max(shown as u64);
                let hits = if all > shown as u64 {
                    format!("{shown} of {}", plural(all, "hit"))
                } else {
                    plural(all, "hit")
                };
                format!("{hits} in {}", plural(talks.len() as u64, "transcript"))
            }
        };
        (format!("{count}{filters}"), Role::Dim)
    }

    pub(super) fn view(&self, state: &State, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let size = (screen.width.saturating_sub(8).min(140), screen.height.saturating_sub(4));
        let size = if screen.width < 90 { (screen.width, screen.height.saturating_sub(2)) } else { size };
        // The status line stays in sight: it says the mode.
        let area = Rect { height: screen.height.saturating_sub(1), ..screen };
        let inner = frame("Search all transcripts", skin, area, size, buf);
        let plain = skin.get(Role::Text).patch(skin.get(Role::Overlay));
        text::put(buf, inner.x, inner.y, "› ", skin.get(Role::Key), inner.width);
        let line = Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), height: 1, ..inner };
        self.input.view(plain, true, line.intersection(inner), buf);
        let (status, role) = self.status();
        if inner.height > 1 {
            let status = text::fit(&status, inner.width.into());
            text::put(buf, inner.x, inner.y + 1, &status, skin.get(role), inner.width);
        }
        let hints = u16::from(inner.height > 8);
        let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2 + hints), ..inner };
        let page = (usize::from(list.height) / TALL).max(1);
        self.page.set(page);
        let first = (self.cursor + 1).saturating_sub(page);
        for (i, hit) in self.hits.iter().enumerate().skip(first).take(page) {
            let y = list.y + u16::try_from((i - first) * TALL).unwrap_or(0);
            // The title of the one above is not said again as loudly.
            let again = i > first && self.hits.get(i - 1).is_some_and(|above| above.id == hit.id);
            let row = Rect { y, height: 1, ..list };
            self.hit(hit, (i == self.cursor, again), state, skin, row, list.bottom(), buf);
        }
        if hints > 0 {
            let keys = [
                ("enter", "opens"),
                ("tab", "completes"),
                ("^t", "tool"),
                ("^r", "role"),
                ("^s", "best first"),
                ("^x", "pattern"),
            ];
            let pieces: Vec<Piece> = keys
                .iter()
                .flat_map(|(key, what)| {
                    [((*key).to_owned(), skin.get(Role::Key)), (format!(" {what}  "), skin.get(Role::Hint))]
                })
                .collect();
            text::put_line(buf, Rect { y: inner.bottom() - 1, height: 1, ..inner }, &pieces);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "where and how one hit is drawn")]
    fn hit(
        &self,
        hit: &Hit,
        (chosen, again): (bool, bool),
        state: &State,
        skin: &Skin,
        row: Rect,
        bottom: u16,
        buf: &mut Buffer,
    ) {
        let known = subject::transcript(&state.data, &hit.id);
        let time = amount::short_time(hit.time, state.now, state.zone);
        let title = known.and_then(|row| row.alias.as_ref().map(AsRef::as_ref).or(row.title.as_deref()));
        let title = text::clean(title.or(hit.title.as_deref()).unwrap_or("untitled").trim());
        let tool = known.map_or(String::new(), |row| {
            let host = if row.host.is_local() { String::new() } else { format!(" @ {}", row.host) };
            format!("{}{host}", row.tool.as_str())
        });
        let tail = format!("  {} #{}  {tool}", hit.role.as_str(), hit.seq);
        let room = usize::from(row.width).saturating_sub(10 + text::width(&tail));
        let mark = if chosen { "▌" } else { " " };
        let title_role = match (chosen, again) {
            (true, _) => Role::Selection,
            (false, true) => Role::Dim,
            (false, false) => Role::Text,
        };
        let style = |role: Role| skin.get(Role::Overlay).patch(skin.get(role));
        let pieces = [
            (mark.to_owned(), style(Role::BorderFocus)),
            (format!("{time:>7}  "), style(Role::Time)),
            (text::fit(&title, room), style(title_role)),
            (tail, style(Role::Dim)),
        ];
        text::put_line(buf, row, &pieces);
        if row.y + 1 < bottom {
            let mut pieces = vec![(format!("{mark}         "), style(Role::BorderFocus))];
            pieces.extend(
                snippet(&hit.snippet, usize::from(row.width).saturating_sub(10))
                    .into_iter()
                    .map(|(t, found)| (t, style(if found { Role::Match } else { Role::Dim }))),
            );
            text::put_line(buf, Rect { y: row.y + 1, ..row }, &pieces);
        }
    }
}

/// A snippet in pieces, and which of them was found; begun so late that the first match is seen.
fn snippet(source: &str, width: usize) -> Vec<(String, bool)> {
    let source = text::clean(source);
    let mut pieces = Vec::new();
    for (n, part) in source.split('«').enumerate() {
        let (found, plain) = if n == 0 { ("", part) } else { part.split_once('»').unwrap_or((part, "")) };
        pieces.extend([(found.to_owned(), true), (plain.to_owned(), false)]);
    }
    pieces.retain(|(text, _)| !text.is_empty());
    if let [(first, false), (found, true), ..] = pieces.as_mut_slice() {
        let keep = width.saturating_sub(text::width(found)).min(width / 2);
        if text::width(first) > keep {
            let mut from = first.len();
            let mut used = 1;
            for (at, c) in first.char_indices().rev() {
                used += text::width(c.encode_utf8(&mut [0; 4]));
                if used > keep {
                    break;
                }
                from = at;
            }
            *first = format!("…{}", first.get(from..).unwrap_or_default());
        }
    }
    pieces
}

/// The words of a hit that were found first.
pub fn found_words(hit: &Hit) -> String {
    let found = hit.snippet.split_once('«').and_then(|(_, rest)| rest.split_once('»'));
    found.map_or(String::new(), |(found, _)| found.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_match_is_always_in_sight() {
        let pieces = snippet("a long beginning of a line that goes on «here» and on", 20);
        assert_eq!(pieces[0], ("… goes on ".into(), false));
        assert_eq!(pieces[1], ("here".into(), true));
        assert_eq!(snippet("«all»", 20), [("all".into(), true)]);
        assert_eq!(snippet("none", 20), [("none".into(), false)]);
    }
}
