//! What can be read off a screen.

use std::ops::Deref;

/// A colour as the program named it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// The terminal's own.
    #[default]
    Default,
    /// One of 256; the first sixteen are the terminal's palette.
    Index(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The text of a cell: a grapheme, empty when blank. Reads as a `str`.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(Kind<'a>);

#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    One([u8; 4], u8),
    Cluster(&'a str),
}

impl<'a> Text<'a> {
    /// A single character.
    pub(super) fn one(c: char) -> Self {
        let mut bytes = [0; 4];
        let len = c.encode_utf8(&mut bytes).len();
        Self(Kind::One(bytes, u8::try_from(len).unwrap_or(0)))
    }

    /// Several characters that are drawn as one.
    pub(super) fn cluster(text: &'a str) -> Self {
        Self(Kind::Cluster(text))
    }

    /// Nothing.
    pub(super) const fn empty() -> Self {
        Self(Kind::Cluster(""))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Kind::One(bytes, len) => {
                std::str::from_utf8(bytes.get(..usize::from(*len)).unwrap_or_default()).unwrap_or_default()
            }
            Kind::Cluster(text) => text,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

/// One cell of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// A grapheme; empty means blank.
    pub text: Text<'a>,
    /// Columns that it takes: 1, 2, or 0 for the right half of a wide one.
    pub width: u8,
    /// Colour of the text.
    pub fg: Color,
    /// Colour behind it.
    pub bg: Color,
    /// Colour of the underline.
    pub line: Color,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined: 0 not, 1 once, 2 twice, 3 curly, 4 dotted, 5 dashed.
    pub underline: u8,
    /// Blinking.
    pub blink: bool,
    /// Colours swapped.
    pub inverse: bool,
    /// Not shown.
    pub hidden: bool,
    /// Struck through.
    pub strike: bool,
    /// The address behind it (OSC 8), empty when there is none.
    pub link: &'a str,
}

/// The cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Column, from 0; always inside the screen.
    pub col: u16,
    /// Row, from 0; always inside the screen.
    pub row: u16,
    /// Whether the program wants it to be seen.
    pub visible: bool,
    /// The style of DECSCUSR, 0 (the terminal's own) to 6 (steady bar).
    pub style: u8,
}

/// Which mouse events a program wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    /// None.
    #[default]
    Off,
    /// Presses (mode 9).
    Press,
    /// Presses and releases (mode 1000).
    PressRelease,
    /// And motion while a button is held (mode 1002).
    ButtonMotion,
    /// And every motion (mode 1003).
    AnyMotion,
}

/// How it wants them written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MouseEncoding {
    /// One byte a value.
    #[default]
    Default,
    /// UTF-8 (mode 1005).
    Utf8,
    /// Digits (mode 1006).
    Sgr,
    /// Digits, without the mark (mode 1015).
    Urxvt,
    /// Digits that count pixels (mode 1016); cells are 8 by 16.
    Pixels,
}

/// The modes that a program has set, as far as they change what is sent to it or how it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Cursor keys send `ESC O` (DECCKM).
    pub application_cursor: bool,
    /// The keypad sends sequences (DECKPAM).
    pub application_keypad: bool,
    /// Pasted text is bracketed (mode 2004).
    pub bracketed_paste: bool,
    /// The alternate screen is shown.
    pub alternate_screen: bool,
    /// Focus changes are reported (mode 1004).
    pub focus_events: bool,
    /// The program is in the middle of a picture (mode 2026); the last whole one should stay.
    pub synchronized: bool,
    /// Mouse events.
    pub mouse: Mouse,
    /// Their encoding.
    pub mouse_encoding: MouseEncoding,
    /// On the alternate screen, the wheel sends arrows (mode 1007).
    pub wheel_arrows: bool,
    /// The backspace key sends BS instead of DEL (DECBKM).
    pub backarrow: bool,
    /// Enter sends CR and LF (LNM).
    pub new_line: bool,
    /// Flags of the kitty keyboard protocol: 1 disambiguate, 2 event types, 4 alternate keys, 8 all
    /// keys as sequences, 16 their text.
    pub keyboard: u8,
    /// xterm's modifyOtherKeys, 0 to 2.
    pub other_keys: u8,
    /// Light and dark are reported (mode 2031).
    pub scheme: bool,
}
