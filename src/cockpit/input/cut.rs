//! Where one thing that a terminal sends ends and the next one begins: characters, control sequences (ECMA-48, 5.4),
//! strings with an end (5.6), pastes. A link may tear anything apart.
//!
//! ```text
//!            ESC                    the rest
//! (nothing) ─────► begun ─────────────────────────► a sequence
//!                    └─ nothing more for a while ──► a key: Escape, or Alt and a bracket
//! ```

use std::time::Duration;

/// After this without another byte, what could still become a sequence is a key.
pub(super) const REST: Duration = Duration::from_millis(20);
/// No sequence that means anything is longer, in bytes.
const LONGEST: usize = 1024;

const ESC: u8 = 0x1b;
const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";

/// One thing that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A character, or a sequence.
    Sequence(Vec<u8>),
    /// Alt and a character that begins sequences as well.
    Alt(char),
    /// Pasted text.
    Paste(String),
}

/// Cuts what comes in.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    bytes: Vec<u8>,
    /// Up to here they were handed out.
    start: usize,
    /// A paste has begun, and there is no end of it before here.
    paste: Option<usize>,
}

/// How far something goes.
enum Extent {
    Whole(usize),
    /// It is not there yet.
    Open,
    /// So many bytes are nothing.
    Broken(usize),
}

impl Cutter {
    /// Takes in what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.paste = self.paste.map(|at| at - self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next thing that is whole.
    pub fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(from) = self.paste {
                return self.pasted(from);
            }
            match extent(self.rest()) {
                Extent::Open => return None,
                Extent::Whole(len) if self.rest()[..len] == *PASTE => {
                    self.start += len;
                    self.paste = Some(self.start);
                }
                Extent::Whole(len) => return Some(Piece::Sequence(self.take(len))),
                Extent::Broken(len) => match self.take(len).as_slice() {
                    [ESC, begins] => return Some(Piece::Alt(char::from(*begins))),
                    nothing => tracing::debug!("the terminal sends {:?}", nothing.escape_ascii().to_string()),
                },
            }
        }
    }

    /// Whether what has come may be a key, or the beginning of something: that shows after a [`REST`].
    pub fn is_undecided(&self) -> bool {
        self.paste.is_none() && matches!(self.rest(), [ESC] | [ESC, _])
    }

    /// It was a key.
    pub fn decide(&mut self) -> Option<Piece> {
        match *self.rest() {
            _ if self.paste.is_some() => None,
            [ESC] | [ESC, ESC] => Some(Piece::Sequence(self.take(1))),
            // The beginning of a character that is still to come is no key.
            [ESC, begins @ b' '..=b'~'] => {
                self.take(2);
                Some(Piece::Alt(char::from(begins)))
            }
            _ => None,
        }
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let from = self.start;
        self.start += len;
        self.bytes[from..self.start].to_vec()
    }

    fn pasted(&mut self, from: usize) -> Option<Piece> {
        let Some(end) = find(&self.bytes[from..], PASTED).map(|at| from + at) else {
            // The end may have begun.
            self.paste = Some(from.max((self.bytes.len() + 1).saturating_sub(PASTED.len())));
            return None;
        };
        let text = self.take(end - self.start);
        self.take(PASTED.len());
        self.paste = None;
        Some(Piece::Paste(String::from_utf8_lossy(&text).into_owned()))
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn extent(bytes: &[u8]) -> Extent {
    match bytes {
        [] | [ESC] | [ESC, ESC] => Extent::Open,
        // Alt with a key that has a sequence; or Escape twice.
        [ESC, ESC, b'[' | b'O', ..] => after(1, extent(&bytes[1..])),
        [ESC, ESC, ..] => Extent::Whole(1),
        [ESC, b'[', rest @ ..] => after(2, parameters(rest)),
        [ESC, b'O', rest @ ..] => after(2, counted(rest, 1)),
        [ESC, b']' | b'P' | b'X' | b'^' | b'_', rest @ ..] => after(2, string(rest)),
        [ESC, rest @ ..] => after(1, character(rest)),
        _ => character(bytes),
    }
}

fn after(before: usize, extent: Extent) -> Extent {
    match extent {
        Extent::Whole(len) => Extent::Whole(before + len),
        Extent::Broken(len) => Extent::Broken(before + len),
        Extent::Open => Extent::Open,
    }
}

fn counted(bytes: &[u8], len: usize) -> Extent {
    if bytes.len() >= len { Extent::Whole(len) } else { Extent::Open }
}

/// The rest of a control sequence.
fn parameters(bytes: &[u8]) -> Extent {
    match bytes {
        // The mouse of before SGR: button, column, row. And the function keys of the Linux console.
        [b'M', ..] => return counted(bytes, 4),
        [b'[', ..] => return counted(bytes, 2),
        _ => {}
    }
    match bytes.iter().take(LONGEST).position(|byte| !matches!(byte, b' '..=b'?')) {
        Some(at) if matches!(bytes[at], b'@'..=b'~') => Extent::Whole(at + 1),
        Some(at) => Extent::Broken(at),
        None if bytes.len() >= LONGEST => Extent::Broken(bytes.len()),
        None => Extent::Open,
    }
}

/// The rest of a string that BEL ends, or ESC and a backslash.
fn string(bytes: &[u8]) -> Extent {
    match bytes.iter().take(LONGEST).position(|byte| matches!(byte, 0x07 | 0x18 | 0x1a | &ESC)) {
        Some(at) => match bytes[at..] {
            [0x07, ..] => Extent::Whole(at + 1),
            [ESC, b'\\', ..] => Extent::Whole(at + 2),
            [ESC] => Extent::Open,
            _ => Extent::Broken(at),
        },
        None if bytes.len() >= LONGEST => Extent::Broken(bytes.len()),
        None => Extent::Open,
    }
}

/// One character of UTF-8.
fn character(bytes: &[u8]) -> Extent {
    let len = match bytes {
        [] => return Extent::Open,
        [0xc2..=0xdf, ..] => 2,
        [0xe0..=0xef, ..] => 3,
        [0xf0..=0xf4, ..] => 4,
        _ => 1,
    };
    match std::str::from_utf8(&bytes[..len.min(bytes.len())]) {
        Ok(_) => Extent::Whole(len),
        Err(error) if error.error_len().is_none() => Extent::Open,
        Err(_) => Extent::Broken(1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(cutter: &mut Cutter, bytes: &[u8]) -> Vec<Piece> {
        cutter.push(bytes);
        std::iter::from_fn(|| cutter.next()).collect()
    }

    fn sequences(bytes: &[&[u8]]) -> Vec<Piece> {
        bytes.iter().map(|bytes| Piece::Sequence(bytes.to_vec())).collect()
    }

    #[test]
    fn each_thing_is_a_piece() {
        let things: [&[u8]; 14] = [
            b"a",
            "\u{e9}".as_bytes(),
            "\u{1f600}".as_bytes(),
            b"\r",
            b"\x1b[A",
            b"\x1b[1;5C",
            b"\x1bOP",
            b"\x1bx",
            "\x1b\u{e9}".as_bytes(),
            b"\x1b[<35;10;20M",
            b"\x1b[M !!",
            b"\x1b[[A",
            b"\x1b\x1b[A",
            b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
        ];
        assert_eq!(cut(&mut Cutter::default(), &things.concat()), sequences(&things));
    }

    #[test]
    fn escape_is_a_key_after_a_rest() {
        let mut cutter = Cutter::default();
        assert!(cut(&mut cutter, b"\x1b").is_empty());
        assert!(cutter.is_undecided());
        assert_eq!(cutter.decide(), Some(Piece::Sequence(vec![ESC])));
        assert!(!cutter.is_undecided() && cutter.decide().is_none());
        for begins in "[]OP".chars() {
            assert!(cut(&mut cutter, format!("\x1b{begins}").as_bytes()).is_empty());
            assert_eq!(cutter.decide(), Some(Piece::Alt(begins)));
        }
        // Twice in a row, in one read.
        assert_eq!(cut(&mut cutter, b"\x1b]\x1b]"), [Piece::Alt(']')]);
        assert_eq!(cutter.decide(), Some(Piece::Alt(']')));
        assert!(cut(&mut cutter, b"\x1b\x1b").is_empty());
        assert_eq!(cutter.decide(), Some(Piece::Sequence(vec![ESC])));
        assert_eq!(cut(&mut cutter, b"x"), sequences(&[b"\x1bx"]));
    }

    #[test]
    fn a_paste_is_one_piece_wherever_it_is_torn() {
        let sent = b"a\x1b[200~one\x1b[A\r\ntwo\x1b[20\x1b[201~b";
        for at in 0..sent.len() {
            let mut cutter = Cutter::default();
            let mut all = cut(&mut cutter, &sent[..at]);
            // Time that passes in the middle changes nothing, but for Escape before a bracket.
            if cutter.paste.is_some() {
                assert!(!cutter.is_undecided() && cutter.decide().is_none());
            }
            all.extend(cut(&mut cutter, &sent[at..]));
            let paste = Piece::Paste("one\x1b[A\r\ntwo\x1b[20".to_owned());
            assert_eq!(all, [Piece::Sequence(b"a".to_vec()), paste, Piece::Sequence(b"b".to_vec())], "{at}");
        }
    }

    #[test]
    fn a_long_paste_is_searched_once() {
        let mut cutter = Cutter::default();
        assert!(cut(&mut cutter, PASTE).is_empty());
        for _ in 0..4096 {
            assert!(cut(&mut cutter, &[b'x'; 1024]).is_empty());
        }
        let pieces = cut(&mut cutter, PASTED);
        assert!(matches!(pieces.as_slice(), [Piece::Paste(text)] if text.len() == 4 << 20));
    }

    #[test]
    fn what_is_nothing_holds_up_nothing() {
        let mut cutter = Cutter::default();
        assert_eq!(
            cut(&mut cutter, b"\xff\xc3(\x1b[1\x01\x1b]10;\x1b[A"),
            sequences(&[b"(", b"\x01", b"\x1b[A"])
        );
        assert!(cut(&mut cutter, &[b"\x1b]".as_slice(), &[b'x'; LONGEST]].concat()).is_empty());
        assert_eq!(cut(&mut cutter, b"y"), sequences(&[b"y"]));
    }

    proptest! {
        #[test]
        fn where_it_is_torn_does_not_matter(
            sent in prop::collection::vec(prop::sample::select(b"\x1b\x1b[]OPM0;~a\\\x07\xc3\xa9\x1b[200~".to_vec()), 0..40),
            at in 0usize..40,
        ) {
            let (mut whole, mut torn) = (Cutter::default(), Cutter::default());
            let expected = cut(&mut whole, &sent);
            let at = at.min(sent.len());
            let mut got = cut(&mut torn, &sent[..at]);
            got.extend(cut(&mut torn, &sent[at..]));
            prop_assert_eq!(got, expected);
        }
    }
}
