//! What cells of a live session have beyond what ratatui knows: how they are underlined, in which colour,
//! and the address behind them (OSC 8).

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use ratatui::layout::{Position, Rect};
use ratatui::style::Color;

/// An address that is longer is left out: it would be written with each change.
const LONGEST: usize = 2048;

/// What one cell has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// Underlined: 0 and 1 as the modifier says, 2 twice, 3 curly, 4 dotted, 5 dashed.
    pub underline: u8,
    /// The colour of the underline; [`Color::Reset`] is that of the text.
    pub line: Color,
    /// The address.
    pub link: Option<Arc<str>>,
}

/// What the cells of a picture have; most have nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    cells: HashMap<(u16, u16), Extra>,
    last: Option<Arc<str>>,
}

impl Extras {
    /// Notes what a cell (column, row) has.
    pub fn note(&mut self, at: (u16, u16), underline: u8, line: Color, link: &str) {
        let link =
            Some(link).filter(|l| !l.is_empty() && l.len() <= LONGEST && !l.contains(char::is_control));
        if underline <= 1 && line == Color::Reset && link.is_none() {
            return;
        }
        // Neighbours mostly have the same one.
        let link = link.map(|text| match &self.last {
            Some(last) if **last == *text => last.clone(),
            _ => self.last.insert(text.into()).clone(),
        });
        self.cells.insert(at, Extra { underline, line, link });
    }

    /// Takes others for the cells of an area.
    pub fn replace(&mut self, area: Rect, others: Self) {
        self.cells.retain(|(x, y), _| !area.contains(Position::new(*x, *y)));
        self.cells.extend(others.cells);
    }

    /// What a cell has, if anything.
    pub fn get(&self, at: (u16, u16)) -> Option<&Extra> {
        self.cells.get(&at)
    }
}

impl Extra {
    /// The codes that set the underline of a cell that is underlined.
    pub(super) fn codes(&self, codes: &mut Vec<String>) {
        // With colons, so that terminals that know neither take them for nothing.
        if self.underline > 1 {
            codes.push(format!("4:{}", self.underline));
        }
        match self.line {
            Color::Indexed(i) => codes.push(format!("58:5:{i}")),
            Color::Rgb(r, g, b) => codes.push(format!("58:2::{r}:{g}:{b}")),
            _ => {}
        }
    }
}

/// Begins an address, or ends the one before. Its parts on several lines belong together (`id`).
pub(super) fn link(to: Option<&str>, out: &mut String) {
    let Some(to) = to else { return out.push_str("\x1b]8;;\x1b\\") };
    let id = to
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // Writing to a String cannot fail.
    let _ = write!(out, "\x1b]8;id={id:x};{to}\x1b\\");
}
