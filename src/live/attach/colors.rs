//! What the terminal answers about its colours, taken out of what is typed.

use crate::live::screen::parse_color;
use crate::model::live::{self, Rgb};

/// Asks for them: of text, and behind it.
pub(super) const ASK: &[u8] = b"\x1b]10;?\x1b\\\x1b]11;?\x1b\\";
/// The longest answer.
const LONGEST: usize = 48;

/// The answers so far.
#[derive(Debug, Default)]
pub(super) struct Colors {
    found: [Option<Rgb>; 2],
    /// The beginning of an answer whose rest has not come yet.
    held: Vec<u8>,
}

impl Colors {
    /// Text and behind it, once both are known.
    pub fn both(&self) -> Option<live::Colors> {
        Some((self.found[0]?, self.found[1]?))
    }

    /// What was typed, without answers.
    pub fn take(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        if self.both().is_some() && self.held.is_empty() {
            return bytes;
        }
        let mut rest = std::mem::take(&mut self.held);
        rest.extend_from_slice(&bytes);
        let mut typed = Vec::with_capacity(rest.len());
        while let Some(at) = rest.windows(3).position(|w| w == b"\x1b]1") {
            typed.extend(rest.drain(..at));
            match answer(&rest) {
                Front::Answer(which, color, len) => {
                    self.found[which] = Some(color);
                    rest.drain(..len);
                }
                Front::Begun => {
                    self.held = rest;
                    return typed;
                }
                Front::Other => typed.extend(rest.drain(..3)),
            }
        }
        typed.extend(rest);
        typed
    }
}

/// What stands at the front.
enum Front {
    Answer(usize, Rgb, usize),
    Begun,
    Other,
}

fn answer(bytes: &[u8]) -> Front {
    for (which, begin) in [(0, &b"\x1b]10;rgb:"[..]), (1, b"\x1b]11;rgb:")] {
        let Some(text) = bytes.strip_prefix(begin) else {
            if begin.starts_with(bytes) {
                return Front::Begun;
            }
            continue;
        };
        let Some(end) = text.iter().position(|b| matches!(b, 7 | 0x1b)) else {
            return if bytes.len() <= LONGEST { Front::Begun } else { Front::Other };
        };
        let len = match (text[end], text.get(end + 1)) {
            (7, _) => end + 1,
            (_, Some(b'\\')) => end + 2,
            (_, None) => return Front::Begun,
            (_, Some(_)) => return Front::Other,
        };
        let color = std::str::from_utf8(&bytes[5..begin.len() + end]).ok().and_then(parse_color);
        return color.map_or(Front::Other, |color| Front::Answer(which, color, begin.len() + len));
    }
    Front::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[u8] = b"a\x1b]10;rgb:ffff/8080/0000\x1b\\b\x1b]11;rgb:1e/1e/1e\x07c\x1b]1x\x1b";

    #[test]
    fn answers_are_taken_out_wherever_they_are_cut() {
        for cut in 0..BOTH.len() {
            // Escape alone is a key, and goes on at once.
            if BOTH[cut.saturating_sub(1)] == 0x1b || BOTH[..cut].ends_with(b"\x1b]") {
                continue;
            }
            let mut colors = Colors::default();
            let mut typed = colors.take(BOTH[..cut].to_vec());
            typed.extend(colors.take(BOTH[cut..].to_vec()));
            assert_eq!(colors.both(), Some(([255, 128, 0], [30, 30, 30])), "cut at {cut}");
            assert_eq!(typed, b"abc\x1b]1x\x1b", "cut at {cut}");
        }
    }

    #[test]
    fn what_only_looks_like_an_answer_is_typed() {
        let mut colors = Colors::default();
        for text in [&b"\x1b]12;rgb:1/1/1\x07"[..], b"\x1b]10;rgb:zz\x07", b"\x1b", b"\x1b]"] {
            assert_eq!(colors.take(text.to_vec()), text);
        }
        assert_eq!(colors.both(), None);
    }
}
