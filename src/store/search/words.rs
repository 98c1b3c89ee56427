//! What the index is given of a text.
//!
//! FTS5's tokenizer takes runs of letters and digits for words and splits at everything else, so
//! the parts of `snake_case` and of paths are words already. Two things are added: runs of Han,
//! Kana and Hangul become overlapping words of two characters, since they have no spaces; and the
//! parts of `camelCase` go into a column of their own, where they disturb no phrase.

use std::borrow::Cow;

/// Names longer than this are no names.
const NAME: usize = 64;

/// Whether a character belongs to a script that is written without spaces between words.
pub fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x11FF | 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x3130..=0x318F
        | 0x31A0..=0x31BF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA960..=0xA97F
        | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F | 0x20000..=0x323AF)
}

/// Whether a text has such characters. Their first byte in UTF-8 is `0xE1` at least, and most texts
/// have none of those.
pub fn has_cjk(text: &str) -> bool {
    let largest = |bytes: &[u8]| bytes.iter().fold(0, |max: u8, byte| max.max(*byte));
    text.as_bytes().chunks(256).any(|bytes| largest(bytes) >= 0xE1) && text.contains(is_cjk)
}

/// The text with runs of such characters as words of two.
pub fn body(text: &str) -> Cow<'_, str> {
    if !has_cjk(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for run in runs(text) {
        let mut chars = run.chars().peekable();
        if !run.starts_with(is_cjk) {
            out.push_str(run);
            continue;
        }
        out.push(' ');
        if run.chars().count() == 1 {
            out.push_str(run);
        }
        while let (Some(first), Some(second)) = (chars.next(), chars.peek()) {
            out.push(first);
            out.push(*second);
            out.push(' ');
        }
        out.push(' ');
    }
    Cow::Owned(out)
}

/// The parts of compound names in a text, and the last characters of runs that [`body`] only has
/// as the second half of a word.
pub fn parts(text: &str) -> String {
    let mut out = String::new();
    if has_cjk(text) {
        for run in runs(text).filter(|run| run.starts_with(is_cjk) && run.chars().count() > 1) {
            out.extend(run.chars().last());
            out.push(' ');
        }
    }
    let bytes = text.as_bytes();
    let mut rest = 0;
    while let Some(hump) = next_hump(bytes, rest) {
        let inside = |byte: &&u8| byte.is_ascii_alphanumeric();
        let before = bytes.get(rest..hump).unwrap_or_default();
        let start = hump - before.iter().rev().take_while(inside).count();
        let end = hump + bytes.get(hump..).unwrap_or_default().iter().take_while(inside).count();
        rest = end;
        let Some(name) = text.get(start..end).filter(|name| (4..=NAME).contains(&name.len())) else {
            continue;
        };
        let bytes = name.as_bytes();
        for (i, c) in name.char_indices() {
            let before = i.checked_sub(1).and_then(|i| bytes.get(i));
            let after = bytes.get(i + 1);
            // `parseHTTPRequest`: before `H`, and before the `R` that ends the capitals.
            let starts = c.is_ascii_uppercase()
                && before
                    .is_some_and(|b| !b.is_ascii_uppercase() || after.is_some_and(u8::is_ascii_lowercase));
            if starts {
                out.push(' ');
            }
            out.push(c);
        }
        out.push(' ');
    }
    out
}

/// The next capital, from there on, that follows a small letter or a digit. Most texts have few of them,
/// and whole blocks without one are passed at the speed of memory.
fn next_hump(bytes: &[u8], from: usize) -> Option<usize> {
    const BLOCK: usize = 128;
    let low = |b: u8| b.is_ascii_lowercase() | b.is_ascii_digit();
    let mut at = from;
    loop {
        let left = bytes.get(at..).filter(|left| left.len() > 1)?;
        let block = left.get(..BLOCK + 1).unwrap_or(left);
        let (one, two) = (block.get(..block.len() - 1)?, block.get(1..)?);
        let any = one.iter().zip(two).fold(false, |any, (a, b)| any | (low(*a) & b.is_ascii_uppercase()));
        if any {
            let place = one.iter().zip(two).position(|(a, b)| low(*a) & b.is_ascii_uppercase())?;
            return Some(at + place + 1);
        }
        at += one.len();
    }
}

/// Runs of such characters and of others, in turn.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|c| is_cjk(c) != is_cjk(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_without_spaces_become_words_of_two() {
        assert_eq!(
            body("say 日本語 now").split_whitespace().collect::<Vec<_>>(),
            ["say", "日本", "本語", "now"]
        );
        assert_eq!(body("a漢b").split_whitespace().collect::<Vec<_>>(), ["a", "漢", "b"]);
        assert_eq!(parts("日本語").trim(), "語");
        assert!(matches!(body("Grüße"), Cow::Borrowed(_)));
    }

    #[test]
    fn names_are_found_by_their_parts() {
        let words = |text| parts(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words("call parseHTTPRequest(snake_case)"), ["parse", "HTTP", "Request"]);
        assert_eq!(words("TranscriptRow x"), ["Transcript", "Row"]);
        assert!(words("HELLO world").is_empty());
        let far = format!("{}aB {}x9Fu", "word ".repeat(60), "word ".repeat(60));
        assert_eq!(words(&far), ["x9", "Fu"], "names of three letters have no parts");
    }
}
