//! Where words, gaps, code and what is looked for are.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::text::{Lines, Spot};

/// What a grapheme is to words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Word,
    Sign,
}

fn class(grapheme: &str) -> Class {
    match grapheme.chars().next() {
        None => Class::Blank,
        Some(c) if c.is_whitespace() => Class::Blank,
        // Paths and addresses are one word.
        Some(c) if c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '~' | '@' | ':') => Class::Word,
        Some(_) => Class::Sign,
    }
}

impl Lines {
    fn class(&self, (row, index): Spot) -> Class {
        self.graphemes(row).nth(index).map_or(Class::Blank, class)
    }

    fn next(&self, (row, index): Spot) -> Option<Spot> {
        if index + 1 < self.columns(row) {
            return Some((row, index + 1));
        }
        (row + 1 < self.rows()).then_some((row + 1, 0))
    }

    fn before(&self, (row, index): Spot) -> Option<Spot> {
        if index > 0 {
            return Some((row, index - 1));
        }
        let row = row.checked_sub(1)?;
        Some((row, self.columns(row).saturating_sub(1)))
    }

    /// The first or last place of the word that goes on from here, over the end of a row that goes on.
    fn along(&self, mut at: Spot, step: fn(&Self, Spot) -> Option<Spot>) -> Spot {
        let kind = self.class(at);
        while let Some(next) = step(self, at)
            && (next.0 == at.0 || self.wraps(next.0.min(at.0)))
            && self.class(next) == kind
        {
            at = next;
        }
        at
    }

    /// The first grapheme that is no blank.
    pub fn indent(&self, row: usize) -> usize {
        (0..self.columns(row)).find(|i| self.class((row, *i)) != Class::Blank).unwrap_or(0)
    }

    /// Past what is blank.
    fn past_blank(&self, mut at: Spot, step: fn(&Self, Spot) -> Option<Spot>) -> Spot {
        while self.class(at) == Class::Blank
            && let Some(next) = step(self, at)
        {
            at = next;
        }
        at
    }

    /// The beginning of the next word.
    pub fn next_word(&self, at: Spot) -> Spot {
        let end = self.along(at, Self::next);
        self.past_blank(self.next(end).unwrap_or(end), Self::next)
    }

    /// The beginning of the word before.
    pub fn word_before(&self, at: Spot) -> Spot {
        let Some(before) = self.before(at) else { return at };
        self.along(self.past_blank(before, Self::before), Self::before)
    }

    /// The end of this word, or of the next one.
    pub fn word_end(&self, at: Spot) -> Spot {
        let Some(next) = self.next(at) else { return at };
        self.along(self.past_blank(next, Self::next), Self::next)
    }

    /// First and last grapheme of the word at a place.
    pub fn word(&self, at: Spot) -> (Spot, Spot) {
        (self.along(at, Self::before), self.along(at, Self::next))
    }

    /// The next empty line, or the end of the text.
    pub fn gap(&self, (row, _): Spot, upwards: bool) -> Spot {
        let empty = |row: &usize| self.line(*row).is_empty();
        let found = if upwards {
            (0..row).rev().find(empty).unwrap_or(0)
        } else {
            (row + 1..self.rows()).find(empty).unwrap_or(self.rows().saturating_sub(1))
        };
        (found, 0)
    }

    /// The next place of some text, going round at the end. Upper case in it counts.
    pub fn find(&self, wanted: &str, at: Spot, upwards: bool) -> Option<Spot> {
        let exact = wanted.chars().any(char::is_uppercase);
        let fold = |text: &str| if exact { text.to_owned() } else { text.to_lowercase() };
        let wanted = fold(wanted);
        let here = self.whole(at.0);
        let mut rows = here.clone();
        // The line of the cursor comes twice: first what lies behind the cursor, at last all of it.
        let mut begun = false;
        loop {
            let texts: Vec<String> = rows.clone().map(|row| fold(self.line(row))).collect();
            let text = texts.concat();
            let cursor = (!begun).then(|| {
                let above: usize = texts[..at.0 - rows.start].iter().map(String::len).sum();
                above + self.graphemes(at.0).take(at.1).map(|grapheme| fold(grapheme).len()).sum::<usize>()
            });
            let mut up = text.rmatch_indices(&wanted).map(|(byte, _)| byte);
            let mut down = text.match_indices(&wanted).map(|(byte, _)| byte);
            let found = if upwards {
                up.find(|byte| cursor.is_none_or(|cursor| *byte < cursor))
            } else {
                down.find(|byte| cursor.is_none_or(|cursor| *byte > cursor))
            };
            if let Some(mut byte) = found {
                let mut row = rows.start;
                for text in &texts {
                    if byte < text.len() {
                        let index =
                            text.grapheme_indices(true).take_while(|(start, _)| *start <= byte).count();
                        return Some((row, index.saturating_sub(1)));
                    }
                    (row, byte) = (row + 1, byte - text.len());
                }
            }
            if begun && rows == here {
                return None;
            }
            begun = true;
            rows = match (upwards, rows.start, rows.end) {
                (true, 0, _) => self.whole(self.rows().saturating_sub(1)),
                (true, start, _) => self.whole(start - 1),
                (false, _, end) => self.whole(if end < self.rows() { end } else { 0 }),
            };
        }
    }

    /// The lines of the last block of code: between fences, else the last lines that are set in.
    pub fn code(&self) -> Option<Range<usize>> {
        let fence = |row: &usize| self.line(*row).trim_start().starts_with("```");
        let fences: Vec<usize> = (0..self.rows()).filter(fence).collect();
        if let [.., from, to] = fences[..]
            && fences.len().is_multiple_of(2)
        {
            return Some(from + 1..to);
        }
        if let Some(open) = fences.last().filter(|_| fences.len() % 2 == 1) {
            return Some(open + 1..self.rows());
        }
        let set_in = |row: &usize| self.line(*row).starts_with("    ") && !self.line(*row).trim().is_empty();
        let last = (0..self.rows()).rev().find(set_in)?;
        let start = (0..last).rev().find(|row| !set_in(row)).map_or(0, |row| row + 1);
        Some(start..last + 1)
    }
}
