//! A session's output on the way to a real terminal: what would make that terminal answer, or change
//! what it sends for a key, is taken out. The holder has answered the program already; a second
//! answer would be typed into it.

use super::scan::{self, Piece, Swallow};

/// Bytes that put a terminal back to what a shell expects, whatever a program has set.
pub const RESTORE: &str = "\x18\x1b[?1049l\x1b[r\x1b[?6l\x1b[?7h\x1b[?1l\x1b>\x1b[?25h\x1b[?2004l\x1b[?9l\x1b[?1000l\
     \x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2026l\x1b[?2031l\x1b[?2048l\
     \x1b[0 q\x1b(B\x0f\x1b[m";

/// The way out, across reads.
#[derive(Debug)]
pub struct Outward {
    /// Whether the terminal's clipboard may be filled.
    clipboard: bool,
    held: Vec<u8>,
    swallow: Option<Swallow>,
}

impl Outward {
    /// To a terminal whose clipboard the program may fill, or not.
    pub fn new(clipboard: bool) -> Self {
        Self { clipboard, held: Vec::new(), swallow: None }
    }

    /// What of these bytes goes to the terminal.
    pub fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut out = Vec::with_capacity(all.len());
        let mut at = 0;
        loop {
            let (piece, len) = scan::next(&all[at..], &mut self.swallow);
            at += len;
            match piece {
                None => break,
                Some(Piece::Text(text)) => out.extend_from_slice(text),
                Some(Piece::Shift(shifted)) => out.push(if shifted { 0x0e } else { 0x0f }),
                Some(Piece::Escape(seq)) if seq != b"\x1bZ" => out.extend_from_slice(seq),
                Some(Piece::Csi(seq)) if !asks(seq) => out.extend_from_slice(seq),
                Some(Piece::Osc(seq)) if self.harmless(seq) => out.extend_from_slice(seq),
                Some(Piece::Escape(_) | Piece::Csi(_) | Piece::Osc(_)) => {}
            }
        }
        self.held = all.split_off(at);
        out
    }

    /// Whether a command asks nothing, and leaves alone what it must.
    fn harmless(&self, seq: &[u8]) -> bool {
        let asks = seq.split(|b| matches!(b, b';' | 7 | 0x1b)).any(|part| part == b"?");
        !asks && (self.clipboard || !seq.starts_with(b"\x1b]52;"))
    }
}

/// Whether a control sequence is a question, or about how keys are reported.
fn asks(seq: &[u8]) -> bool {
    let [_, _, body @ .., last] = seq else { return false };
    let number = body.split(|b| *b == b';').next().unwrap_or_default();
    match last {
        // Device attributes, status and position, parameters, mode reports, checksums.
        b'c' | b'n' | b'x' => true,
        b'p' => body.ends_with(b"$"),
        b'y' => body.ends_with(b"*"),
        b'q' => body.starts_with(b">"),
        // Window reports and sizes; the title stack may pass.
        b't' => !matches!(number, b"22" | b"23"),
        // The kitty keyboard protocol and xterm's modifyOtherKeys.
        b'u' => body.first().is_some_and(|b| matches!(b, b'?' | b'>' | b'<' | b'=')),
        b'm' => body.starts_with(b">"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_stay_inside() {
        let asked = "a\x1b[c\x1b[>c\x1b[6n\x1b[?2004$p\x1b[>q\x1b[18t\x1b[?u\x1b[>1u\x1b[>4;2m\x1b]11;?\x07\x1b]52;c;?\x1b\\\x1bPq+\x1b\\\x1bZb";
        let passed = "\x1b[31m\x1b[22t\x1b[u\x1b]0;title?\x07\x1b]52;c;aGk=\x07\x1b[2 q\x1b(0\x0e é";
        let mut outward = Outward::new(true);
        let whole = [asked.as_bytes(), passed.as_bytes()].concat();
        let wanted = format!("a\x1b\\b{passed}");
        assert_eq!(String::from_utf8_lossy(&outward.pass(&whole)), wanted);
        let mut byte_by_byte = Outward::new(true);
        let out: Vec<u8> = whole.iter().flat_map(|b| byte_by_byte.pass(&[*b])).collect();
        assert_eq!(String::from_utf8_lossy(&out), wanted);
    }
    #[test]
    fn the_clipboard_is_left_alone_if_it_has_to_be() {
        let mut outward = Outward::new(false);
        assert_eq!(
            outward.pass(b"a\x1b]52;c;aGk=\x07b\x1b]0;52;\x07\x1b]52;c;aGk=\x1b\\c"),
            b"ab\x1b]0;52;\x07c"
        );
    }
}
