//! The words around a match.

use super::query::Term;

/// Before a match.
const OPEN: char = '«';
/// Behind a match.
const CLOSE: char = '»';

/// Where the words of a text are.
fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text.get(rest..)?.find(char::is_alphanumeric)?;
        let after = text.get(start..)?;
        let ends = |c: char| !c.is_alphanumeric() && !('\u{300}'..='\u{36F}').contains(&c);
        let end = start + after.find(ends).unwrap_or(after.len());
        rest = end;
        Some((start, end))
    })
}

/// Whether a word is the wanted one, or begins with it; that one is in lower case and without accents.
fn fits(word: &str, want: &str, prefix: bool) -> bool {
    if word.is_ascii() {
        // Nearly all words, and nearly all of them are others.
        let (word, want) = (word.as_bytes(), want.as_bytes());
        return (word.len() == want.len() || prefix)
            && word.get(..want.len()).is_some_and(|start| start.eq_ignore_ascii_case(want));
    }
    let mut folded = word.chars().flat_map(fold);
    want.chars().all(|c| folded.next() == Some(c)) && (prefix || folded.next().is_none())
}

/// Letters with accents, and those letters without; the index knows no accents either.
const ACCENTS: [(&str, char); 20] = [
    ("àáâãäåāăąǎ", 'a'),
    ("çćĉċč", 'c'),
    ("ďđ", 'd'),
    ("èéêëēĕėęě", 'e'),
    ("ĝğġģ", 'g'),
    ("ĥħ", 'h'),
    ("ìíîïĩīĭįǐ", 'i'),
    ("ĵ", 'j'),
    ("ķ", 'k'),
    ("ĺļľŀ", 'l'),
    ("ñńņň", 'n'),
    ("òóôõöōŏőǒ", 'o'),
    ("ŕŗř", 'r'),
    ("śŝşšș", 's'),
    ("ţťț", 't'),
    ("ùúûüũūŭůűųǔ", 'u'),
    ("ŵ", 'w'),
    ("ýÿŷ", 'y'),
    ("źżž", 'z'),
    ("άα", 'α'),
];

/// A character in lower case and without its accent; a combining accent is nothing.
fn fold(c: char) -> impl Iterator<Item = char> {
    let bare = |c: char| match u32::from(c) {
        0x0300..=0x036F => None,
        0..0x80 => Some(c),
        _ => Some(ACCENTS.iter().find(|(all, _)| all.contains(c)).map_or(c, |(_, bare)| *bare)),
    };
    c.to_lowercase().filter_map(bare)
}

/// Where the terms are in a text, in order, not overlapping.
fn matches(text: &str, terms: &[Term]) -> Vec<(usize, usize)> {
    let folded = |(start, end): (usize, usize), text: &str| -> String {
        text.get(start..end).unwrap_or_default().chars().flat_map(fold).collect()
    };
    let wanted: Vec<(Vec<String>, bool)> =
        terms.iter().map(|t| (words(&t.text).map(|w| folded(w, &t.text)).collect(), t.prefix)).collect();
    let all: Vec<(usize, usize)> = words(text).collect();
    let mut found = Vec::new();
    for at in 0..all.len() {
        for (term, prefix) in wanted.iter().filter(|(term, _)| !term.is_empty()) {
            let Some(here) = all.get(at..at + term.len()) else { continue };
            let same = here.iter().zip(term).enumerate().all(|(i, ((start, end), want))| {
                fits(text.get(*start..*end).unwrap_or_default(), want, *prefix && i + 1 == term.len())
            });
            if let (true, Some((start, _)), Some((_, end))) = (same, here.first(), here.last()) {
                found.push((*start, *end));
            }
        }
    }
    if found.is_empty() {
        // A part of a name, or of a run without spaces.
        for term in terms.iter().filter(|t| !t.text.is_empty()) {
            let needle: String = term.text.chars().flat_map(fold).collect();
            found.extend(find_folded(text, &needle));
        }
    }
    found.sort_unstable();
    let mut end = 0;
    found.retain(|(start, stop)| {
        let free = *start >= end;
        if free {
            end = *stop;
        }
        free
    });
    found
}

/// Where a text in lower case is in another, whatever its case.
fn find_folded(text: &str, needle: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    for (start, _) in text.char_indices() {
        let mut want = needle.chars();
        let mut next = want.next();
        let mut end = start;
        for (i, c) in text.get(start..).unwrap_or_default().char_indices() {
            let mut fits = true;
            for low in fold(c) {
                fits &= next == Some(low);
                next = want.next();
            }
            if !fits {
                break;
            }
            end = start + i + c.len_utf8();
            if next.is_none() {
                out.push((start, end));
                break;
            }
        }
        if out.len() > 100 {
            break;
        }
        let _ = end;
    }
    out
}

/// The text around the first match, about `context` characters to each side, on one line, with
/// the matches in it marked; the beginning of the text when nothing can be marked.
pub fn cut(text: &str, terms: &[Term], context: usize) -> String {
    around(text, &matches(text, terms), context)
}

/// The same for matches that are known.
pub fn around(text: &str, matches: &[(usize, usize)], context: usize) -> String {
    let (first, last) = matches.first().copied().unwrap_or((0, 0));
    let start = back(text, first, context);
    let stop = forward(text, last, context);
    let mut out = String::new();
    if start > 0 {
        out.push('…');
    }
    let mut at = start;
    for (from, to) in matches.iter().copied().filter(|(from, to)| *from >= start && *to <= stop) {
        push(&mut out, text.get(at..from).unwrap_or_default());
        out.push(OPEN);
        push(&mut out, text.get(from..to).unwrap_or_default());
        out.push(CLOSE);
        at = to;
    }
    push(&mut out, text.get(at..stop).unwrap_or_default());
    if stop < text.len() {
        out.push('…');
    }
    out.trim().to_owned()
}

/// Appends with white space and control characters as single spaces.
fn push(out: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
}

fn back(text: &str, from: usize, context: usize) -> usize {
    let before = text.get(..from).unwrap_or_default();
    let start = before.char_indices().rev().nth(context.saturating_sub(1)).map_or(0, |(i, _)| i);
    // Begin at a word, if one begins soon.
    let gap = before.get(start..).and_then(|t| t.find(char::is_whitespace)).filter(|gap| *gap < 20);
    if start == 0 || context == 0 { start.min(from) } else { start + gap.unwrap_or(0) }
}

fn forward(text: &str, from: usize, context: usize) -> usize {
    let after = text.get(from..).unwrap_or_default();
    after.char_indices().nth(context).map_or(text.len(), |(i, _)| from + i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn term(text: &str, prefix: bool) -> Term {
        Term { text: text.into(), prefix }
    }

    #[test]
    fn matches_are_marked_and_the_rest_is_cut() {
        let text = format!("{} The Port is\n8443, said port-forward. {}", "x ".repeat(100), "y ".repeat(100));
        let cut = cut(&text, &[term("port", false)], 20);
        assert!(cut.contains("The «Port» is 8443, said"), "{cut}");
        assert!(cut.starts_with('…') && cut.ends_with('…'), "{cut}");
        assert_eq!(super::cut("call getUserName", &[term("user", false)], 9), "call get«User»Name");
        assert_eq!(super::cut("これは日本語です", &[term("日本", false)], 9), "これは«日本»語です");
        assert_eq!(super::cut("prefixes pre", &[term("pre", true)], 9), "«prefixes» «pre»");
        assert_eq!(super::cut("a two words b", &[term("two words", false)], 9), "a «two words» b");
        assert_eq!(super::cut("la Façade est", &[term("facade", false)], 9), "la «Façade» est");
        assert_eq!(super::cut("cafe\u{301} noir", &[term("CAFÉ", false)], 9), "«cafe\u{301}» noir");
    }

    proptest! {
        #[test]
        fn any_text_and_any_term_can_be_cut(text in ".{0,200}", word in ".{0,6}", context in 0usize..50) {
            let _ = cut(&text, &[term(&word, false)], context);
        }
    }
}
