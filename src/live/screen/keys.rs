//! Keys as terminals send them. (How people name them: [`crate::config::chord`].)
//!
//! The sequences are those of xterm (ctlseqs, "PC-Style Function Keys" and "VT220-Style Function
//! Keys"), which `TERM=xterm-256color` promises to programs.

use super::Modes;
pub use crate::config::chord::{Chord, Key, Mods};

impl Chord {
    /// The bytes that a program in these modes expects.
    pub fn bytes(self, modes: Modes) -> Vec<u8> {
        let Self { key, mods } = self;
        match key {
            Key::Char(c) => character(c, mods),
            Key::Enter => plain(b"\r", mods),
            Key::Escape => plain(b"\x1b", mods),
            // Programs take DEL for backspace; control makes it the other one.
            Key::Backspace if mods.ctrl => plain(b"\x08", mods),
            Key::Backspace => plain(b"\x7f", mods),
            Key::Tab if mods.shift => plain(b"\x1b[Z", mods),
            Key::Tab => plain(b"\t", mods),
            Key::Up => cursor('A', mods, modes),
            Key::Down => cursor('B', mods, modes),
            Key::Right => cursor('C', mods, modes),
            Key::Left => cursor('D', mods, modes),
            Key::Home => cursor('H', mods, modes),
            Key::End => cursor('F', mods, modes),
            Key::Insert => tilde(2, mods),
            Key::Delete => tilde(3, mods),
            Key::PageUp => tilde(5, mods),
            Key::PageDown => tilde(6, mods),
            Key::Function(n) => function(n, mods),
        }
    }
}

/// Text as it is pasted: in brackets when the program asked for them, line ends as Enter sends
/// them. An end mark inside of the text is taken out, it would end the paste early.
pub fn paste(text: &str, modes: Modes) -> Vec<u8> {
    let lines = text.replace("\r\n", "\r").replace('\n', "\r");
    if !modes.bracketed_paste {
        return lines.into_bytes();
    }
    format!("\x1b[200~{}\x1b[201~", lines.replace("\x1b[201~", "")).into_bytes()
}

fn plain(bytes: &[u8], mods: Mods) -> Vec<u8> {
    let mut out = if mods.alt { vec![0x1b] } else { Vec::new() };
    out.extend_from_slice(bytes);
    out
}

fn character(c: char, mods: Mods) -> Vec<u8> {
    if mods.ctrl
        && let Some(code) = control(c)
    {
        return plain(&[code], mods);
    }
    let upper = if mods.shift { c.to_uppercase().next().unwrap_or(c) } else { c };
    plain(upper.encode_utf8(&mut [0; 4]).as_bytes(), mods)
}

/// What control makes of a key, as on a VT220: columns 4 and 5 of ASCII move to column 0.
fn control(c: char) -> Option<u8> {
    match c {
        ' ' | '2' => Some(0),
        '/' | '7' => Some(0x1f),
        '3' => Some(0x1b),
        '4' => Some(0x1c),
        '5' => Some(0x1d),
        '6' => Some(0x1e),
        '8' | '?' => Some(0x7f),
        '@'..='_' | 'a'..='z' => u8::try_from(c).ok().map(|b| b & 0x1f),
        _ => None,
    }
}

/// The number that stands for what is held down, 1 for nothing.
fn held(mods: Mods) -> u8 {
    1 + u8::from(mods.shift) + 2 * u8::from(mods.alt) + 4 * u8::from(mods.ctrl)
}

fn cursor(last: char, mods: Mods, modes: Modes) -> Vec<u8> {
    match (held(mods), modes.application_cursor) {
        (1, true) => format!("\x1bO{last}").into_bytes(),
        (1, false) => format!("\x1b[{last}").into_bytes(),
        (n, _) => format!("\x1b[1;{n}{last}").into_bytes(),
    }
}

fn tilde(number: u8, mods: Mods) -> Vec<u8> {
    match held(mods) {
        1 => format!("\x1b[{number}~").into_bytes(),
        n => format!("\x1b[{number};{n}~").into_bytes(),
    }
}

fn function(number: u8, mods: Mods) -> Vec<u8> {
    const FIRST: [char; 4] = ['P', 'Q', 'R', 'S'];
    const NUMBERS: [u8; 8] = [15, 17, 18, 19, 20, 21, 23, 24];
    let index = usize::from(number.saturating_sub(1));
    match (FIRST.get(index), held(mods)) {
        (Some(last), 1) => format!("\x1bO{last}").into_bytes(),
        (Some(last), n) => format!("\x1b[1;{n}{last}").into_bytes(),
        (None, _) => NUMBERS.get(index.saturating_sub(4)).map_or_else(Vec::new, |n| tilde(*n, mods)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(name: &str, modes: Modes) -> String {
        let chord: Chord = name.parse().expect(name);
        String::from_utf8(chord.bytes(modes)).expect("UTF-8")
    }

    #[test]
    fn keys_are_sent_as_xterm_sends_them() {
        for (name, wanted) in [
            ("ctrl-c", "\x03"),
            ("^d", "\x04"),
            ("ctrl-]", "\x1d"),
            ("ctrl-space", "\0"),
            ("enter", "\r"),
            ("alt-enter", "\x1b\r"),
            ("up", "\x1b[A"),
            ("ctrl-left", "\x1b[1;5D"),
            ("shift-tab", "\x1b[Z"),
            ("alt-x", "\x1bx"),
            ("alt-ctrl-a", "\x1b\x01"),
            ("backspace", "\x7f"),
            ("delete", "\x1b[3~"),
            ("shift-pageup", "\x1b[5;2~"),
            ("f1", "\x1bOP"),
            ("ctrl-f4", "\x1b[1;5S"),
            ("f5", "\x1b[15~"),
            ("f12", "\x1b[24~"),
            ("-", "-"),
            ("ctrl--", "-"),
            ("é", "é"),
            ("home", "\x1b[H"),
        ] {
            assert_eq!(bytes(name, Modes::default()), wanted, "{name}");
        }
    }

    #[test]
    fn application_modes_change_the_arrows() {
        let modes = Modes { application_cursor: true, ..Modes::default() };
        assert_eq!(bytes("up", modes), "\x1bOA");
        assert_eq!(bytes("shift-up", modes), "\x1b[1;2A");
    }

    #[test]
    fn a_paste_cannot_leave_its_brackets() {
        let modes = Modes { bracketed_paste: true, ..Modes::default() };
        assert_eq!(
            paste("a\nb\x1b[201~c", modes),
            b"\x1b[200~a\rb\x1b[201~".iter().copied().take(9).chain(*b"c\x1b[201~").collect::<Vec<_>>()
        );
        assert_eq!(paste("a\r\nb", Modes::default()), b"a\rb");
    }
}
