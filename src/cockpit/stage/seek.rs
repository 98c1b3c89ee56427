//! Finding a text in rows that were laid out, also where it was broken.

use std::ops::Range;

use super::prose::{Joint, Row};

/// What is looked for. Capitals count if there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    text: String,
    exact: bool,
}

/// Where a part of a match lies: the row, and bytes of its text.
pub type Span = (usize, Range<usize>);

impl Needle {
    /// A text to look for; `None` when there is none.
    pub fn new(text: &str) -> Option<Self> {
        let exact = text.chars().any(char::is_uppercase);
        let text = if exact { text.to_owned() } else { text.to_lowercase() };
        (!text.trim().is_empty()).then_some(Self { text, exact })
    }

    /// Whether a text has it.
    pub fn is_in(&self, text: &str) -> bool {
        if self.exact { text.contains(&self.text) } else { text.to_lowercase().contains(&self.text) }
    }

    /// Every match in the rows, each as one part or, where it was broken, several.
    pub fn find(&self, rows: &[&Row]) -> Vec<Vec<Span>> {
        let mut text = String::new();
        // Of each byte of `text`: its row, and where its character lies there; `None` between rows.
        let mut from: Vec<Option<(usize, usize, usize)>> = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            let gap = match row.joint {
                Joint::New if n > 0 => Some('\n'),
                Joint::Blank if !text.ends_with(char::is_whitespace) => Some(' '),
                _ => None,
            };
            if let Some(gap) = gap {
                text.push(gap);
                from.push(None);
            }
            let shown = row.text();
            for (at, c) in shown.char_indices().filter(|(at, _)| *at >= row.lead) {
                let begin = text.len();
                if self.exact {
                    text.push(c)
                } else {
                    text.extend(c.to_lowercase())
                }
                from.extend((begin..text.len()).map(|_| Some((n, at, at + c.len_utf8()))));
            }
        }
        let places = text.match_indices(&self.text).map(|(at, found)| at..at + found.len());
        places.map(|place| spans(&from[place])).filter(|spans| !spans.is_empty()).collect()
    }
}

fn spans(bytes: &[Option<(usize, usize, usize)>]) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for (row, begin, end) in bytes.iter().flatten() {
        match out.last_mut() {
            Some((last, range)) if last == row => range.end = range.end.max(*end),
            _ => out.push((*row, *begin..*end)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::prose::flow;
    use super::*;
    use crate::config::theme::Role;

    #[test]
    fn a_match_may_be_broken_over_rows() {
        let hang = vec![("| ".to_owned(), Role::Dim)];
        let rows = flow(&[("The Quick brown fox".into(), Role::Text)], 11, &hang, &hang);
        let rows: Vec<&Row> = rows.iter().collect();
        let found = Needle::new("quick brown").expect("a text").find(&rows);
        let texts: Vec<String> =
            found[0].iter().map(|(row, range)| rows[*row].text()[range.clone()].to_owned()).collect();
        assert_eq!(texts, ["Quick", "brown"].map(str::to_owned).to_vec(), "{rows:?}");
        assert_eq!(Needle::new("The").expect("a text").find(&rows).len(), 1);
        assert_eq!(Needle::new("THE").expect("a text").find(&rows).len(), 0);
        assert_eq!(Needle::new("|").expect("a text").find(&rows).len(), 0, "decoration is no text");
        assert!(Needle::new("  ").is_none());
    }
}
