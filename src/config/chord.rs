//! Keys as people name them: `ctrl-]`, `shift-tab`, `g h`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A key of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A character, as shift and layout made it.
    Char(char),
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Escape.
    Escape,
    /// An arrow up.
    Up,
    /// An arrow down.
    Down,
    /// An arrow left.
    Left,
    /// An arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// A function key, 1 to 24.
    Function(u8),
}

/// What is held down with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mods {
    /// Shift.
    pub shift: bool,
    /// Alt or option.
    pub alt: bool,
    /// Control.
    pub ctrl: bool,
}

/// A key with what is held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    /// The key.
    pub key: Key,
    /// What is held down.
    pub mods: Mods,
}

impl Chord {
    /// A key with nothing held down.
    pub const fn plain(key: Key) -> Self {
        Self { key, mods: Mods { shift: false, alt: false, ctrl: false } }
    }

    /// The one form of chords that mean the same: `shift-a` is `A`, and shift with a sign is the
    /// sign, because layouts differ in where they have it.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self.key {
            Key::Char(c) if self.mods.shift => Self {
                key: Key::Char(c.to_uppercase().next().unwrap_or(c)),
                mods: Mods { shift: false, ..self.mods },
            },
            _ => self,
        }
    }

    /// The character that is typed with it, if nothing but shift is held down.
    pub fn text(self) -> Option<char> {
        match self.canonical() {
            Self { key: Key::Char(c), mods: Mods { alt: false, ctrl: false, .. } } => Some(c),
            _ => None,
        }
    }
}

/// Chords that are pressed one after the other: `g h`.
///
/// # Errors
/// `usage` when one of them is no key, or there is none.
pub fn sequence(text: &str) -> Result<Vec<Chord>> {
    let chords = text
        .split_whitespace()
        .map(|word| word.parse::<Chord>().map(Chord::canonical))
        .collect::<Result<Vec<_>>>()?;
    if chords.is_empty() { Err(unknown(text)) } else { Ok(chords) }
}

/// The text that [`sequence`] reads.
pub fn spell(chords: &[Chord]) -> String {
    chords.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Char(' ') => "space",
            Self::Char(c) => return write!(f, "{c}"),
            Self::Function(n) => return write!(f, "f{n}"),
            Self::Enter => "enter",
            Self::Tab => "tab",
            Self::Backspace => "backspace",
            Self::Escape => "esc",
            Self::Up => "up",
            Self::Down => "down",
            Self::Left => "left",
            Self::Right => "right",
            Self::Home => "home",
            Self::End => "end",
            Self::PageUp => "pgup",
            Self::PageDown => "pgdn",
            Self::Insert => "ins",
            Self::Delete => "del",
        };
        f.write_str(name)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.mods.ctrl, "ctrl-"), (self.mods.alt, "alt-"), (self.mods.shift, "shift-")]
        {
            if held {
                f.write_str(name)?;
            }
        }
        self.key.fmt(f)
    }
}

impl FromStr for Chord {
    type Err = Error;

    /// Reads `ctrl-c`, `enter`, `shift-tab`, `alt-x`, `f5`, `C-a`, `^c` …; a single character is itself.
    fn from_str(text: &str) -> Result<Self> {
        let mut mods = Mods::default();
        let mut rest = text;
        if let Some(letter) = rest.strip_prefix('^')
            && letter.chars().count() == 1
        {
            mods.ctrl = true;
            rest = letter;
        }
        // A lone `-` or a `-` at the end is the key, not a joint.
        while let Some((name, after)) = rest.split_once(['-', '+'])
            && !after.is_empty()
        {
            match name.to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "c" => mods.ctrl = true,
                "alt" | "meta" | "option" | "m" | "a" => mods.alt = true,
                "shift" | "s" => mods.shift = true,
                _ => return Err(unknown(text)),
            }
            rest = after;
        }
        Ok(Self { key: key(rest).ok_or_else(|| unknown(text))?, mods })
    }
}

fn key(name: &str) -> Option<Key> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(Key::Char(c));
    }
    Some(match name.to_ascii_lowercase().as_str() {
        "enter" | "return" | "cr" => Key::Enter,
        "tab" => Key::Tab,
        "backtab" => return None,
        "backspace" | "bs" => Key::Backspace,
        "escape" | "esc" => Key::Escape,
        "space" => Key::Char(' '),
        "up" => Key::Up,
        "down" => Key::Down,
        "left" => Key::Left,
        "right" => Key::Right,
        "home" => Key::Home,
        "end" => Key::End,
        "pageup" | "page-up" | "pgup" => Key::PageUp,
        "pagedown" | "page-down" | "pgdn" => Key::PageDown,
        "insert" | "ins" => Key::Insert,
        "delete" | "del" => Key::Delete,
        other => {
            let number = other.strip_prefix('f')?.parse().ok()?;
            (1..=24).contains(&number).then_some(Key::Function(number))?
        }
    })
}

fn unknown(text: &str) -> Error {
    Error::usage(format!("no key is called {text:?}")).hint(
        "keys are single characters, enter, tab, escape, up, f5 …, with ctrl-, alt- and shift- in front",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_said_so() {
        for bad in ["", "entr", "hyper-x", "f25", "ctrl-", "f0"] {
            assert!(bad.parse::<Chord>().is_err(), "{bad}");
        }
        assert!(sequence("  ").is_err());
    }

    #[test]
    fn names_survive_being_read_and_spelled() {
        for text in ["ctrl-]", "g h", "shift-tab", "alt-enter", "f5", "space", "pgup", "A", "ctrl-alt-x", "-"]
        {
            assert_eq!(spell(&sequence(text).expect(text)), text);
        }
        assert_eq!(sequence("shift-a").expect("valid"), sequence("A").expect("valid"));
        assert_eq!(sequence("C-a").expect("valid"), sequence("^a").expect("valid"));
    }
}
