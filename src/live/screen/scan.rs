//! Cuts a stream into text and whole control sequences, wherever the reads happened to cut it.
//!
//! What is not complete at the end of a read is held back, so that a snapshot never falls into the
//! middle of a sequence. Device control and application strings (sixel, kitty graphics) are
//! swallowed here: the emulator would do the same, without a limit.

/// A string that does not end is given up after this many bytes (a clipboard of 48 KiB still passes).
const LONGEST_STRING: usize = 64 * 1024;
/// No real sequence has so many parameters; longer ones go through as they are.
const LONGEST_CSI: usize = 256;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// A part of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text and simple control characters, or a sequence that is none: as it is.
    Text(&'a [u8]),
    /// `ESC`, intermediates, final byte.
    Escape(&'a [u8]),
    /// `ESC [`, parameters, intermediates, final byte.
    Csi(&'a [u8]),
    /// A whole operating system command with its end.
    Osc(&'a [u8]),
    /// Shift out (true) or in (false): the line-drawing character set.
    Shift(bool),
}

/// What a string that is being swallowed is, and so what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swallow {
    Osc,
    Other,
}

/// How the bytes at the front go on.
enum Front<'a> {
    Piece(Piece<'a>, usize),
    Swallow(Swallow, usize),
    Incomplete,
}

/// The next part of `bytes` and its length; `None` when the rest must wait for more bytes (or there
/// is none). `swallow` is state between calls.
pub(super) fn next<'a>(bytes: &'a [u8], swallow: &mut Option<Swallow>) -> (Option<Piece<'a>>, usize) {
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        if let Some(kind) = *swallow {
            let end =
                rest.iter().position(|&b| matches!(b, ESC | CAN | SUB) || (b == BEL && kind == Swallow::Osc));
            let Some(end) = end else { return (None, bytes.len()) };
            *swallow = None;
            // What ended it goes on: an escape may begin another sequence.
            at += end;
            continue;
        }
        let text = rest.iter().position(|&b| matches!(b, ESC | SHIFT_OUT | SHIFT_IN)).unwrap_or(rest.len());
        if text > 0 {
            let whole = if text == rest.len() { text - unfinished_utf8(rest) } else { text };
            return match whole {
                0 => (None, at),
                n => (Some(Piece::Text(&rest[..n])), at + n),
            };
        }
        match front(rest) {
            Front::Piece(piece, len) => return (Some(piece), at + len),
            Front::Incomplete => return (None, at),
            Front::Swallow(kind, len) => {
                *swallow = Some(kind);
                at += len;
            }
        }
    }
}

fn front(bytes: &[u8]) -> Front<'_> {
    match bytes {
        [] | [ESC] => Front::Incomplete,
        [SHIFT_OUT, ..] => Front::Piece(Piece::Shift(true), 1),
        [SHIFT_IN, ..] => Front::Piece(Piece::Shift(false), 1),
        [ESC, b'[', ..] => csi(bytes),
        [ESC, b']', ..] => osc(bytes),
        [ESC, b'P' | b'X' | b'^' | b'_', ..] => Front::Swallow(Swallow::Other, 2),
        _ => escape(bytes),
    }
}

fn csi(bytes: &[u8]) -> Front<'_> {
    match bytes[2..].iter().position(|b| !matches!(b, 0x20..=0x3f)) {
        Some(end) if end > LONGEST_CSI => Front::Piece(Piece::Text(&bytes[..end + 2]), end + 2),
        Some(end) if matches!(bytes[end + 2], 0x40..=0x7e) => {
            Front::Piece(Piece::Csi(&bytes[..end + 3]), end + 3)
        }
        // A control character in the middle: the emulator knows what to do.
        Some(end) => Front::Piece(Piece::Text(&bytes[..end + 2]), end + 2),
        None if bytes.len() > LONGEST_CSI => Front::Piece(Piece::Text(bytes), bytes.len()),
        None => Front::Incomplete,
    }
}

fn osc(bytes: &[u8]) -> Front<'_> {
    match bytes[2..].iter().position(|b| matches!(*b, BEL | ESC | CAN | SUB)).map(|end| end + 2) {
        Some(end) if bytes[end] != ESC => Front::Piece(Piece::Osc(&bytes[..=end]), end + 1),
        Some(end) => match bytes.get(end + 1) {
            Some(b'\\') => Front::Piece(Piece::Osc(&bytes[..end + 2]), end + 2),
            // Cut off by another sequence.
            Some(_) => Front::Piece(Piece::Osc(&bytes[..end]), end),
            None => Front::Incomplete,
        },
        None if bytes.len() > LONGEST_STRING => Front::Swallow(Swallow::Osc, bytes.len()),
        None => Front::Incomplete,
    }
}

fn escape(bytes: &[u8]) -> Front<'_> {
    match bytes[1..].iter().position(|b| !matches!(b, 0x20..=0x2f)) {
        Some(end) if matches!(bytes[end + 1], 0x30..=0x7e) => {
            Front::Piece(Piece::Escape(&bytes[..end + 2]), end + 2)
        }
        Some(end) => Front::Piece(Piece::Text(&bytes[..=end]), end + 1),
        None if bytes.len() > LONGEST_CSI => Front::Piece(Piece::Text(bytes), bytes.len()),
        None => Front::Incomplete,
    }
}

/// How many bytes at the end are the beginning of a character that is still to come.
fn unfinished_utf8(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let need = match bytes[bytes.len() - back] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 0,
        };
        return if need > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut bytes: &[u8]) -> (Vec<Piece<'_>>, usize) {
        let (mut swallow, mut pieces) = (None, Vec::new());
        loop {
            let (piece, len) = next(bytes, &mut swallow);
            bytes = &bytes[len..];
            match piece {
                Some(piece) => pieces.push(piece),
                None => return (pieces, bytes.len()),
            }
        }
    }

    #[test]
    fn pieces_are_whole() {
        let bytes = b"ab\x1b[1;2mc\x1b(0\x1b]2;t\x07\x1bPq...\x1b\\\x0ed\x1b[3";
        let (pieces, held) = all(bytes);
        assert_eq!(
            pieces,
            [
                Piece::Text(b"ab"),
                Piece::Csi(b"\x1b[1;2m"),
                Piece::Text(b"c"),
                Piece::Escape(b"\x1b(0"),
                Piece::Osc(b"\x1b]2;t\x07"),
                Piece::Escape(b"\x1b\\"),
                Piece::Shift(true),
                Piece::Text(b"d"),
            ]
        );
        assert_eq!(held, 3, "the sequence that is not complete waits");
    }

    #[test]
    fn a_character_that_is_cut_waits_for_its_end() {
        assert_eq!(all("aé".as_bytes()).1, 0);
        assert_eq!(all(&"a€".as_bytes()[..3]), (vec![Piece::Text(b"a")], 2));
        assert_eq!(all(b"a\xff\xfe").1, 0, "what can never become a character does not wait");
    }

    #[test]
    fn a_string_without_end_is_given_up() {
        let mut bytes = b"\x1b]2;".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', LONGEST_STRING));
        assert_eq!(all(&bytes), (vec![], 0));
        bytes.extend(b"y\x07z");
        assert_eq!(all(&bytes[..]).0.last(), Some(&Piece::Text(b"z")));
    }
}
