//! Where words, gaps, code and what is looked for are.

use std::ops::Range;

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
        self.get(row).and_then(|line| line.get(index)).map_or(Class::Blank, |g| class(g))
    }

    fn next(&self, (row, index): Spot) -> Option<Spot> {
        if index + 1 < self.columns(row) {
            return Some((row, index + 1));
        }
        (row + 1 < self.len()).then_some((row + 1, 0))
    }

    fn before(&self, (row, index): Spot) -> Option<Spot> {
        if index > 0 {
            return Some((row, index - 1));
        }
        let row = row.checked_sub(1)?;
        Some((row, self.columns(row).saturating_sub(1)))
    }

    /// The first grapheme that is no blank.
    pub fn indent(&self, row: usize) -> usize {
        (0..self.columns(row)).find(|i| self.class((row, *i)) != Class::Blank).unwrap_or(0)
    }

    /// The beginning of the next word.
    pub fn next_word(&self, mut at: Spot) -> Spot {
        let begun = self.class(at);
        let row = at.0;
        while let Some(next) = self.next(at) {
            let left = next.0 != row || self.class(next) != begun;
            at = next;
            if left {
                break;
            }
        }
        while self.class(at) == Class::Blank
            && let Some(next) = self.next(at)
        {
            at = next;
        }
        at
    }

    /// The beginning of the word before.
    pub fn word_before(&self, at: Spot) -> Spot {
        let Some(mut at) = self.before(at) else { return at };
        while self.class(at) == Class::Blank
            && let Some(before) = self.before(at)
        {
            at = before;
        }
        let kind = self.class(at);
        while at.1 > 0 && self.class((at.0, at.1 - 1)) == kind {
            at.1 -= 1;
        }
        at
    }

    /// The end of this word, or of the next one.
    pub fn word_end(&self, at: Spot) -> Spot {
        let Some(mut at) = self.next(at) else { return at };
        while self.class(at) == Class::Blank
            && let Some(next) = self.next(at)
        {
            at = next;
        }
        let kind = self.class(at);
        while at.1 + 1 < self.columns(at.0) && self.class((at.0, at.1 + 1)) == kind {
            at.1 += 1;
        }
        at
    }

    /// First and last grapheme of the word at a place.
    pub fn word(&self, (row, index): Spot) -> (Spot, Spot) {
        let kind = self.class((row, index));
        let mut from = index;
        while from > 0 && self.class((row, from - 1)) == kind {
            from -= 1;
        }
        let mut to = index;
        while to + 1 < self.columns(row) && self.class((row, to + 1)) == kind {
            to += 1;
        }
        ((row, from), (row, to))
    }

    /// The next empty line, or the end of the text.
    pub fn gap(&self, (row, _): Spot, upwards: bool) -> Spot {
        let empty = |row: &usize| self.columns(*row) == 0;
        let found = if upwards {
            (0..row).rev().find(empty).unwrap_or(0)
        } else {
            (row + 1..self.len()).find(empty).unwrap_or(self.len().saturating_sub(1))
        };
        (found, 0)
    }

    /// The next place of some text, going round at the end. Upper case in it counts.
    pub fn find(&self, wanted: &str, at: Spot, upwards: bool) -> Option<Spot> {
        let exact = wanted.chars().any(char::is_uppercase);
        let fold = |text: &str| if exact { text.to_owned() } else { text.to_lowercase() };
        let wanted = fold(wanted);
        let mut places: Vec<Spot> = Vec::new();
        for (row, line) in self.rows() {
            let line = fold(&line);
            for (byte, _) in line.match_indices(&wanted) {
                let before =
                    unicode_segmentation::UnicodeSegmentation::graphemes(&line[..byte], true).count();
                places.push((row, before));
            }
        }
        if upwards {
            places.iter().rev().find(|spot| **spot < at).or(places.last()).copied()
        } else {
            places.iter().find(|spot| **spot > at).or(places.first()).copied()
        }
    }

    /// The lines of the last block of code: between fences, else the last lines that are set in.
    pub fn code(&self) -> Option<Range<usize>> {
        let text: Vec<(usize, String)> = self.rows().collect();
        let fences: Vec<usize> = text
            .iter()
            .filter(|(_, line)| line.trim_start().starts_with("```"))
            .map(|(row, _)| *row)
            .collect();
        if let [.., from, to] = fences[..]
            && fences.len().is_multiple_of(2)
        {
            return Some(from + 1..to);
        }
        if let Some(open) = fences.last().filter(|_| fences.len() % 2 == 1) {
            return Some(open + 1..self.len());
        }
        let set_in = |line: &str| line.starts_with("    ") && !line.trim().is_empty();
        let end = text.iter().rposition(|(_, line)| set_in(line))? + 1;
        let start = text[..end].iter().rposition(|(_, line)| !set_in(line)).map_or(0, |row| row + 1);
        Some(start..end)
    }
}
