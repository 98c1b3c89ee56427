//! What can be read off a screen.

/// A colour as the program named it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// The terminal's own.
    #[default]
    Default,
    /// One of 256; the first sixteen are the terminal's palette.
    Index(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// One cell of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// A grapheme; empty means blank.
    pub text: &'a str,
    /// Columns that it takes: 1, 2, or 0 for the right half of a wide one.
    pub width: u8,
    /// Colour of the text.
    pub fg: Color,
    /// Colour behind it.
    pub bg: Color,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Colours swapped.
    pub inverse: bool,
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
}

impl From<vt100::Color> for Color {
    fn from(color: vt100::Color) -> Self {
        match color {
            vt100::Color::Default => Self::Default,
            vt100::Color::Idx(i) => Self::Index(i),
            vt100::Color::Rgb(r, g, b) => Self::Rgb(r, g, b),
        }
    }
}

impl<'a> From<&'a vt100::Cell> for Cell<'a> {
    fn from(cell: &'a vt100::Cell) -> Self {
        Self {
            text: cell.contents(),
            width: match (cell.is_wide(), cell.is_wide_continuation()) {
                (true, _) => 2,
                (false, true) => 0,
                (false, false) => 1,
            },
            fg: cell.fgcolor().into(),
            bg: cell.bgcolor().into(),
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underline: cell.underline(),
            inverse: cell.inverse(),
        }
    }
}

impl From<vt100::MouseProtocolMode> for Mouse {
    fn from(mode: vt100::MouseProtocolMode) -> Self {
        match mode {
            vt100::MouseProtocolMode::None => Self::Off,
            vt100::MouseProtocolMode::Press => Self::Press,
            vt100::MouseProtocolMode::PressRelease => Self::PressRelease,
            vt100::MouseProtocolMode::ButtonMotion => Self::ButtonMotion,
            vt100::MouseProtocolMode::AnyMotion => Self::AnyMotion,
        }
    }
}

impl From<vt100::MouseProtocolEncoding> for MouseEncoding {
    fn from(encoding: vt100::MouseProtocolEncoding) -> Self {
        match encoding {
            vt100::MouseProtocolEncoding::Default => Self::Default,
            vt100::MouseProtocolEncoding::Utf8 => Self::Utf8,
            vt100::MouseProtocolEncoding::Sgr => Self::Sgr,
        }
    }
}

/// The number of DECSCUSR.
pub(super) fn style_number(style: vt100::CursorStyle) -> u8 {
    match style {
        vt100::CursorStyle::Default => 0,
        vt100::CursorStyle::BlinkBlock => 1,
        vt100::CursorStyle::SteadyBlock => 2,
        vt100::CursorStyle::BlinkUnderline => 3,
        vt100::CursorStyle::SteadyUnderline => 4,
        vt100::CursorStyle::BlinkVerticalBar => 5,
        vt100::CursorStyle::SteadyVerticalBar => 6,
    }
}
