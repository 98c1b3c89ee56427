//! One line of cells.

/// One cell: what is in it and how it looks. Zero is blank in the terminal's own colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// A character, or the number of a cluster, and the marks below. 0: nothing was written.
    pub glyph: u32,
    /// Its style, see [`super::style::Styles`].
    pub style: u32,
}

/// The glyph is the number of a cluster of several characters.
pub(super) const CLUSTER: u32 = 1 << 31;
/// The left half of a wide character.
pub(super) const WIDE: u32 = 1 << 30;
/// The right half of one.
pub(super) const RIGHT: u32 = 1 << 29;
/// The character or number itself.
pub(super) const VALUE: u32 = (1 << 24) - 1;

impl Slot {
    pub fn is_right(self) -> bool {
        self.glyph & RIGHT != 0
    }

    pub fn is_wide(self) -> bool {
        self.glyph & WIDE != 0
    }
}

/// Marks of shell integration (OSC 133), on the line where they were made.
pub(super) mod mark {
    /// A prompt begins.
    pub const PROMPT: u8 = 1;
    /// What the person types begins.
    pub const COMMAND: u8 = 2;
    /// The command's output begins.
    pub const OUTPUT: u8 = 4;
    /// The command has ended.
    pub const END: u8 = 8;
}

/// A line; what lies beyond its cells is blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub cells: Vec<Slot>,
    /// Its text goes on in the next one.
    pub wrapped: bool,
    /// See [`mark`].
    pub marks: u8,
}

impl Row {
    pub fn get(&self, x: usize) -> Slot {
        self.cells.get(x).copied().unwrap_or_default()
    }

    pub fn reset(&mut self) {
        self.cells.clear();
        (self.wrapped, self.marks) = (false, 0);
    }

    /// Makes sure that there are cells up to a column.
    pub fn reach(&mut self, end: usize) {
        if self.cells.len() < end {
            self.cells.resize(end, Slot::default());
        }
    }

    /// A wide character over the border left of `x` becomes two blanks.
    pub fn split(&mut self, x: usize) {
        if x > 0 && self.get(x).is_right() {
            for at in [x - 1, x] {
                if let Some(cell) = self.cells.get_mut(at) {
                    cell.glyph = u32::from(' ');
                }
            }
        }
    }

    /// Fills columns from..to.
    pub fn fill(&mut self, from: usize, to: usize, with: Slot) {
        if from >= to {
            return;
        }
        self.split(from);
        self.split(to);
        self.blank(from, to, with);
    }

    /// Fills columns from..to, at whose borders nothing wide stands any more.
    fn blank(&mut self, from: usize, to: usize, with: Slot) {
        if with == Slot::default() && to >= self.cells.len() {
            self.cells.truncate(from);
            return;
        }
        self.reach(to);
        self.cells[from..to].fill(with);
    }

    /// Moves what stands in at..right by `count` to the right; what leaves is lost.
    pub fn insert(&mut self, at: usize, count: usize, right: usize, with: Slot) {
        let count = count.min(right - at);
        self.split(at);
        self.split(right);
        self.split(right - count);
        if self.cells.len() > at {
            self.reach(right);
            self.cells.copy_within(at..right - count, at + count);
        }
        self.blank(at, at + count, with);
    }

    /// Takes `count` cells at a column out; what stands right of them up to `right` moves there.
    pub fn delete(&mut self, at: usize, count: usize, right: usize, with: Slot) {
        let count = count.min(right - at);
        self.split(at);
        self.split(at + count);
        self.split(right);
        if self.cells.len() > at {
            self.reach(right);
            self.cells.copy_within(at + count..right, at);
        }
        self.blank(right - count, right, with);
    }

    /// How many cells there are up to the last that was written.
    pub fn used(&self) -> usize {
        self.cells.iter().rposition(|c| c.glyph != 0).map_or(0, |x| x + 1)
    }
}
