//! Keys as terminals send them. (How people name them: [`crate::config::chord`].)
//!
//! Without a protocol the sequences are those of xterm (ctlseqs, "PC-Style Function Keys" and
//! "VT220-Style Function Keys"), which `TERM=xterm-256color` promises to programs. A program may ask for
//! more: xterm's modifyOtherKeys, or the kitty keyboard protocol (its specification, "Legacy text keys"
//! and "Functional key definitions").

use super::Modes;
pub use crate::config::chord::{Chord, Key, Mods};

/// Flags of the kitty protocol.
const DISAMBIGUATE: u8 = 1;
const ALTERNATES: u8 = 4;
const ALL_KEYS: u8 = 8;
const TEXT: u8 = 16;

impl Chord {
    /// The bytes that a program in these modes expects.
    pub fn bytes(self, modes: Modes) -> Vec<u8> {
        if modes.keyboard & (DISAMBIGUATE | ALL_KEYS) != 0
            && let Some(bytes) = self.kitty(modes.keyboard)
        {
            return bytes;
        }
        if modes.other_keys > 0
            && let Some(bytes) = self.other(modes.other_keys)
        {
            return bytes;
        }
        let Self { key, mods } = self;
        match key {
            Key::Char(c) => character(c, mods),
            Key::Enter if modes.new_line => plain(b"\r\n", mods),
            Key::Enter => plain(b"\r", mods),
            Key::Escape => plain(b"\x1b", mods),
            // Programs take DEL for backspace; control makes it the other one.
            Key::Backspace if mods.ctrl != modes.backarrow => plain(b"\x08", mods),
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

    /// As the kitty protocol has it; `None` for what stays as it was.
    fn kitty(self, flags: u8) -> Option<Vec<u8>> {
        let Self { key, mods } = self;
        let all = flags & ALL_KEYS != 0;
        let code = match key {
            Key::Char(c) => return kitty_character(c, mods, flags),
            Key::Escape => 27,
            // So that a shell can be used when a program forgot to put the keyboard back.
            Key::Enter | Key::Tab | Key::Backspace if held(mods) == 1 && !all => return None,
            Key::Enter => 13,
            Key::Tab => 9,
            Key::Backspace => 127,
            Key::Up => return Some(letter('A', mods)),
            Key::Down => return Some(letter('B', mods)),
            Key::Right => return Some(letter('C', mods)),
            Key::Left => return Some(letter('D', mods)),
            Key::Home => return Some(letter('H', mods)),
            Key::End => return Some(letter('F', mods)),
            Key::Function(1) => return Some(letter('P', mods)),
            Key::Function(2) => return Some(letter('Q', mods)),
            // R would be a report of the cursor's place.
            Key::Function(3) => return Some(tilde(13, mods)),
            Key::Function(4) => return Some(letter('S', mods)),
            Key::Function(n @ 13..) => 57376 + u32::from(n) - 13,
            Key::Insert | Key::Delete | Key::PageUp | Key::PageDown | Key::Function(_) => return None,
        };
        Some(code_u(&code.to_string(), mods, None))
    }

    /// As modifyOtherKeys has it; `None` for what stays as it was. Level 1 leaves keys alone that have
    /// a meaning of their own.
    fn other(self, level: u8) -> Option<Vec<u8>> {
        let Self { key, mods } = self;
        let held = held(mods);
        if held == 1 {
            return None;
        }
        let code = match key {
            Key::Enter => 13,
            Key::Tab if mods.ctrl || level > 1 && mods.alt => 9,
            Key::Escape if level > 1 => 27,
            Key::Backspace if level > 1 => 127,
            Key::Char(c) if level > 1 && (mods.ctrl || mods.alt) => u32::from(c),
            Key::Char(c) if mods.ctrl && control(c).is_none() => u32::from(c),
            _ => return None,
        };
        Some(format!("\x1b[27;{held};{code}~").into_bytes())
    }
}

/// Text as it is pasted: in brackets when the program asked for them, line ends as Enter sends
/// them. An end mark inside of the text is taken out, it would end the paste early.
pub fn paste(text: &str, modes: Modes) -> Vec<u8> {
    let lines = text.replace("\r\n", "\r").replace('\n', "\r");
    if !modes.bracketed_paste {
        return lines.into_bytes();
    }
    let mut lines = lines;
    // Taking one out may put another together.
    while lines.contains("\x1b[201~") {
        lines = lines.replace("\x1b[201~", "");
    }
    format!("\x1b[200~{lines}\x1b[201~").into_bytes()
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

/// A character: text stays text unless something but shift is held down, or all keys are wanted.
fn kitty_character(c: char, mods: Mods, flags: u8) -> Option<Vec<u8>> {
    let all = flags & ALL_KEYS != 0;
    if !all && !mods.ctrl && !mods.alt {
        return None;
    }
    // The key is named by what it types without shift.
    let lower = c.to_lowercase().next().unwrap_or(c);
    let shift = mods.shift || lower != c;
    let upper = if shift { lower.to_uppercase().next().unwrap_or(lower) } else { c };
    let mut code = u32::from(lower).to_string();
    if flags & ALTERNATES != 0 && shift && upper != lower {
        code = format!("{code}:{}", u32::from(upper));
    }
    let text = (all && flags & TEXT != 0 && !mods.ctrl && !mods.alt).then_some(upper);
    Some(code_u(&code, Mods { shift, ..mods }, text))
}

fn code_u(code: &str, mods: Mods, text: Option<char>) -> Vec<u8> {
    match (held(mods), text) {
        (1, None) => format!("\x1b[{code}u"),
        (n, None) => format!("\x1b[{code};{n}u"),
        (1, Some(c)) => format!("\x1b[{code};;{}u", u32::from(c)),
        (n, Some(c)) => format!("\x1b[{code};{n};{}u", u32::from(c)),
    }
    .into_bytes()
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

fn letter(last: char, mods: Mods) -> Vec<u8> {
    match held(mods) {
        1 => format!("\x1b[{last}").into_bytes(),
        n => format!("\x1b[1;{n}{last}").into_bytes(),
    }
}

fn cursor(last: char, mods: Mods, modes: Modes) -> Vec<u8> {
    if held(mods) == 1 && modes.application_cursor {
        return format!("\x1bO{last}").into_bytes();
    }
    letter(last, mods)
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
    if number > 12 {
        // As terminfo has it: the thirteenth is the first with shift.
        return function(number - 12, Mods { shift: true, ..mods });
    }
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
            ("shift-enter", "\r"),
            ("alt-enter", "\x1b\r"),
            ("up", "\x1b[A"),
            ("ctrl-left", "\x1b[1;5D"),
            ("shift-tab", "\x1b[Z"),
            ("alt-x", "\x1bx"),
            ("alt-ctrl-a", "\x1b\x01"),
            ("backspace", "\x7f"),
            ("ctrl-backspace", "\x08"),
            ("delete", "\x1b[3~"),
            ("shift-pageup", "\x1b[5;2~"),
            ("f1", "\x1bOP"),
            ("ctrl-f4", "\x1b[1;5S"),
            ("f5", "\x1b[15~"),
            ("f12", "\x1b[24~"),
            ("f13", "\x1b[1;2P"),
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
        assert_eq!(bytes("backspace", Modes { backarrow: true, ..Modes::default() }), "\x08");
        assert_eq!(bytes("enter", Modes { new_line: true, ..Modes::default() }), "\r\n");
    }

    #[test]
    fn the_kitty_protocol_tells_keys_apart() {
        for (flags, name, wanted) in [
            (1, "shift-enter", "\x1b[13;2u"),
            (1, "ctrl-enter", "\x1b[13;5u"),
            (1, "enter", "\r"),
            (1, "tab", "\t"),
            (1, "ctrl-i", "\x1b[105;5u"),
            (1, "ctrl-tab", "\x1b[9;5u"),
            (1, "escape", "\x1b[27u"),
            (1, "ctrl-[", "\x1b[91;5u"),
            (1, "alt-a", "\x1b[97;3u"),
            (1, "alt-A", "\x1b[97;4u"),
            (1, "ctrl-é", "\x1b[233;5u"),
            (1, "a", "a"),
            (1, "A", "A"),
            (1, "up", "\x1b[A"),
            (1, "ctrl-up", "\x1b[1;5A"),
            (1, "f1", "\x1b[P"),
            (1, "f3", "\x1b[13~"),
            (1, "f5", "\x1b[15~"),
            (1, "f13", "\x1b[57376u"),
            (5, "ctrl-A", "\x1b[97:65;6u"),
            (8, "a", "\x1b[97u"),
            (8, "enter", "\x1b[13u"),
            (24, "A", "\x1b[97;2;65u"),
            (24, "a", "\x1b[97;;97u"),
        ] {
            let modes = Modes { keyboard: flags, application_cursor: true, ..Modes::default() };
            assert_eq!(bytes(name, modes), wanted, "{name} with {flags}");
        }
    }

    #[test]
    fn modify_other_keys_tells_some_apart() {
        for (level, name, wanted) in [
            (1, "shift-enter", "\x1b[27;2;13~"),
            (1, "ctrl-c", "\x03"),
            (1, "ctrl-;", "\x1b[27;5;59~"),
            (1, "alt-x", "\x1bx"),
            (1, "shift-tab", "\x1b[Z"),
            (2, "ctrl-c", "\x1b[27;5;99~"),
            (2, "alt-x", "\x1b[27;3;120~"),
            (2, "ctrl-up", "\x1b[1;5A"),
            (2, "a", "a"),
        ] {
            assert_eq!(bytes(name, Modes { other_keys: level, ..Modes::default() }), wanted, "{name}");
        }
    }

    #[test]
    fn a_paste_cannot_leave_its_brackets() {
        let modes = Modes { bracketed_paste: true, ..Modes::default() };
        assert_eq!(paste("a\nb\x1b[201~c", modes), b"\x1b[200~a\rbc\x1b[201~");
        assert_eq!(paste("a\x1b[20\x1b[201~1~b", modes), b"\x1b[200~ab\x1b[201~");
        assert_eq!(paste("a\r\nb", Modes::default()), b"a\rb");
        let long = "line of text\n".repeat(400_000);
        assert_eq!(paste(&long, modes).len(), long.len() + 12);
    }
}
