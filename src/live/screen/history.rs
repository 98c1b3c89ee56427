//! The lines that left a screen at the top, packed: a byte for each plain character, one after the other. Kept as
//! rows they would take eight times the memory, and each new one would be written where nothing was for megabytes.

use std::collections::VecDeque;

use super::row::{RIGHT, Row, Slot, VALUE};

/// A block is full with this.
const BLOCK: usize = 16 * 1024;
/// What a line counts beside its cells: what it takes here, and while it is wrapped anew.
const LINE: usize = 32;
/// A glyph in one byte is itself; this begins one of four: with the marks of the glyph, then its value.
const LONG: u8 = 0x80;
/// The right half of a wide character, which has no value.
const HALF: u8 = 0x90;
/// How far the marks of a glyph are above its value.
const MARKS: u32 = 29;

/// Packed lines, the oldest first. They take no more than a limit; the oldest go first, many at once.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    blocks: VecDeque<Block>,
    lines: usize,
    /// What they count, and what they may; 0: none are kept.
    bytes: usize,
    limit: usize,
    /// How many lines are gone for good.
    lost: u64,
    /// A line while it is packed.
    packed: Vec<u8>,
}

/// Lines that go together.
#[derive(Clone, Debug, Default)]
struct Block {
    /// The number of the first one since the beginning.
    first: u64,
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<u32>,
}

impl Block {
    fn cost(&self) -> usize {
        self.bytes.len() + LINE * self.ends.len()
    }

    fn line(&self, index: usize) -> Option<Packed<'_>> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start as usize..end as usize).map(Packed)
    }
}

impl History {
    /// None yet; `limit` bytes may be kept.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// None, where this one was: what is counted goes on.
    fn anew(&self) -> Self {
        Self { limit: self.limit, lost: self.lost, ..Self::default() }
    }

    /// Whether anything is kept at all.
    pub fn keeps(&self) -> bool {
        self.limit > 0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines
    }

    /// What they count against the limit.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the oldest line that is kept, counted since the beginning.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Adds the newest line.
    pub fn push(&mut self, row: &Row) {
        self.packed.clear();
        pack(row, &mut self.packed);
        // A block of a small history is small, since they go as a whole.
        let full = BLOCK.min(self.limit / 8);
        let fits = |block: &&mut Block| block.cost() + self.packed.len() + LINE <= full;
        if self.blocks.back_mut().filter(fits).is_none() {
            // The oldest makes room for the newest.
            let mut block = Block::default();
            if self.bytes + full > self.limit {
                block = self.lose().unwrap_or_default();
                block.bytes.clear();
                block.ends.clear();
            }
            block.first = self.lost + self.lines as u64;
            self.blocks.push_back(block);
        }
        let Some(block) = self.blocks.back_mut() else { return };
        block.bytes.extend_from_slice(&self.packed);
        block.ends.push(u32::try_from(block.bytes.len()).unwrap_or(u32::MAX));
        self.bytes += self.packed.len() + LINE;
        self.lines += 1;
        while self.bytes > self.limit && self.lose().is_some() {}
    }

    /// Lets the oldest lines go.
    fn lose(&mut self) -> Option<Block> {
        let block = self.blocks.pop_front()?;
        self.bytes -= block.cost();
        self.lines -= block.ends.len();
        self.lost += block.ends.len() as u64;
        Some(block)
    }

    /// Takes the newest line out.
    pub fn pop(&mut self) -> Option<Row> {
        let block = self.blocks.back_mut()?;
        let row = block.line(block.ends.len().checked_sub(1)?)?.row();
        let before = block.cost();
        block.ends.pop();
        block.bytes.truncate(block.ends.last().map_or(0, |end| *end as usize));
        self.bytes -= before - block.cost();
        self.lines -= 1;
        if block.ends.is_empty() {
            self.blocks.pop_back();
        }
        Some(row)
    }

    /// A line by its number from the oldest.
    pub fn get(&self, index: usize) -> Option<Packed<'_>> {
        let number = self.lost + index as u64;
        let after = self.blocks.partition_point(|block| block.first <= number);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        block.line(usize::try_from(number - block.first).ok()?)
    }

    /// Takes all out, from the oldest.
    pub fn drain(&mut self) -> impl Iterator<Item = Row> + use<> {
        let anew = self.anew();
        std::mem::replace(self, anew)
            .blocks
            .into_iter()
            .flat_map(|block| (0..block.ends.len()).map_while(move |index| Some(block.line(index)?.row())))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        let lost = self.lost + self.lines as u64;
        *self = Self { lost, ..self.anew() };
    }

    /// Changes every cell.
    pub fn each_slot(&mut self, act: &mut dyn FnMut(&mut Slot)) {
        for mut row in self.drain() {
            row.cells.iter_mut().for_each(&mut *act);
            self.push(&row);
        }
    }
}

/// A byte that says whether it goes on and what a shell marked; then its cells in runs of one style: how many,
/// the style's number, and a glyph each.
fn pack(row: &Row, out: &mut Vec<u8>) {
    out.push(u8::from(row.wrapped) | row.marks << 1);
    let mut rest = row.cells.as_slice();
    while let Some(first) = rest.first() {
        let count = rest.iter().position(|slot| slot.style != first.style).unwrap_or(rest.len());
        let (run, more) = rest.split_at(count);
        number(u32::try_from(count).unwrap_or(u32::MAX), out);
        number(first.style, out);
        if run.iter().all(|slot| slot.glyph < u32::from(LONG)) {
            out.extend(run.iter().map(|slot| slot.glyph.to_le_bytes()[0]));
        } else {
            run.iter().for_each(|slot| glyph(slot.glyph, out));
        }
        rest = more;
    }
}

fn glyph(glyph: u32, out: &mut Vec<u8>) {
    let [low, middle, high, _] = (glyph & VALUE).to_le_bytes();
    match glyph {
        RIGHT => out.push(HALF),
        _ if glyph < u32::from(LONG) => out.push(low),
        _ => out.extend([LONG | (glyph >> MARKS).to_le_bytes()[0], low, middle, high]),
    }
}

/// Seven bits a byte, the lowest first.
fn number(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(0x80 | number.to_le_bytes()[0]);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// A line as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a>(&'a [u8]);

/// A part of a line.
pub(super) enum Part<'a> {
    /// Plain characters of one style, a byte each; 0: nothing was written.
    Plain(&'a [u8], u32),
    /// A cell.
    Slot(Slot),
}

impl<'a> Packed<'a> {
    /// A line, packed into `room`.
    pub fn of(row: &Row, room: &'a mut Vec<u8>) -> Self {
        room.clear();
        pack(row, room);
        Self(room)
    }

    fn flags(self) -> u8 {
        self.0.first().copied().unwrap_or(0)
    }

    /// Its text goes on in the next one.
    pub fn wrapped(self) -> bool {
        self.flags() & 1 != 0
    }

    /// What a shell marked on it.
    pub fn marks(self) -> u8 {
        self.flags() >> 1
    }

    /// Its parts from left to right.
    pub fn parts(self, act: &mut impl FnMut(Part)) {
        let mut bytes = Bytes(self.0.get(1..).unwrap_or_default());
        while !bytes.0.is_empty() {
            let (count, style) = (bytes.number() as usize, bytes.number());
            match bytes.0.split_at_checked(count) {
                Some((plain, rest)) if plain.is_ascii() => {
                    act(Part::Plain(plain, style));
                    bytes = Bytes(rest);
                }
                _ => (0..count).for_each(|_| act(Part::Slot(Slot { glyph: bytes.glyph(), style }))),
            }
        }
    }

    /// The line as it was.
    pub fn row(self) -> Row {
        // There is at least a byte for each cell.
        let mut cells = Vec::with_capacity(self.0.len());
        self.parts(&mut |part| match part {
            Part::Plain(plain, style) => {
                cells.extend(plain.iter().map(|byte| Slot { glyph: u32::from(*byte), style }));
            }
            Part::Slot(slot) => cells.push(slot),
        });
        Row { cells, wrapped: self.wrapped(), marks: self.marks() }
    }
}

/// What is still to be read of a packed line.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u32 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.next();
            number |= u32::from(byte & 0x7f).wrapping_shl(shift);
            shift += 7;
            if byte < 0x80 {
                return number;
            }
        }
    }

    fn glyph(&mut self) -> u32 {
        match self.next() {
            HALF => RIGHT,
            plain if plain < LONG => u32::from(plain),
            long => {
                let value = [self.next(), self.next(), self.next(), 0];
                u32::from_le_bytes(value) | u32::from(long & !LONG) << MARKS
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::row::{CLUSTER, WIDE};
    use super::*;

    fn slot() -> impl Strategy<Value = Slot> {
        let value = prop_oneof![4 => 0..0x80_u32, 1 => 0..=VALUE];
        let glyph = prop_oneof![
            4 => value.clone(),
            1 => value.prop_flat_map(|v| prop_oneof![Just(v | WIDE), Just(v | CLUSTER), Just(v | CLUSTER | WIDE)]),
            1 => Just(RIGHT),
        ];
        let style = prop_oneof![3 => Just(0), 1 => 0..3_u32, 1 => any::<u32>()];
        (glyph, style).prop_map(|(glyph, style)| Slot { glyph, style })
    }

    fn row() -> impl Strategy<Value = Row> {
        (prop::collection::vec(slot(), 0..150), any::<bool>(), 0..16_u8)
            .prop_map(|(cells, wrapped, marks)| Row { cells, wrapped, marks })
    }

    proptest! {
        #[test]
        fn lines_come_out_as_they_went_in(rows in prop::collection::vec(row(), 0..40), limit in 0..20_000_usize) {
            let mut history = History::new(limit);
            for row in &rows {
                history.push(row);
                prop_assert!(history.bytes() <= limit);
            }
            prop_assert_eq!(history.lost() + history.len() as u64, rows.len() as u64);
            let kept = &rows[rows.len() - history.len()..];
            for (index, row) in kept.iter().enumerate() {
                let line = history.get(index).expect("a line");
                prop_assert_eq!((line.wrapped(), line.marks()), (row.wrapped, row.marks));
                prop_assert_eq!(line.row(), row.clone());
            }
            prop_assert!(history.get(kept.len()).is_none());
            let drained: Vec<Row> = history.clone().drain().collect();
            prop_assert_eq!(drained.as_slice(), kept);
            for row in kept.iter().rev() {
                prop_assert_eq!(history.pop(), Some(row.clone()));
            }
            prop_assert_eq!((history.pop(), history.len(), history.bytes()), (None, 0, 0));
        }
    }

    #[test]
    fn most_of_what_may_be_kept_is() {
        let mut history = History::new(100_000);
        let row = Row { cells: vec![Slot { glyph: u32::from('x'), style: 0 }; 65], ..Row::default() };
        for _ in 0..10_000 {
            history.push(&row);
        }
        assert!(history.bytes() > 80_000, "{}", history.bytes());
        assert_eq!(history.bytes(), history.len() * 100);
        history.each_slot(&mut |slot| slot.style = 7);
        assert_eq!(history.get(0).map(|line| line.row().cells[64].style), Some(7));
    }
}
