//! Character sets: ASCII, and the line drawing of the VT100.

/// The four sets, and which is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Charsets {
    /// Whether G0 to G3 draw lines.
    pub lines: [bool; 4],
    /// Which one the lower half shows.
    pub left: u8,
    /// Which one the next character alone comes from.
    pub once: Option<u8>,
}

impl Charsets {
    /// Whether text must be looked at.
    pub fn plain(&self) -> bool {
        self.once.is_none() && !self.lines[usize::from(self.left & 3)]
    }

    /// What a character stands for.
    pub fn translate(&mut self, c: char) -> char {
        let set = self.once.take().unwrap_or(self.left);
        if self.lines[usize::from(set & 3)] { shape(c) } else { c }
    }
}

/// DEC special graphics for the letters that stand for them (VT100 user guide, table 3-9).
fn shape(c: char) -> char {
    const SHAPES: [char; 31] = [
        '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽',
        '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
    ];
    let index = u32::from(c).checked_sub(0x60).and_then(|i| usize::try_from(i).ok());
    index.and_then(|i| SHAPES.get(i)).copied().unwrap_or(c)
}
