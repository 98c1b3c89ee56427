//! Colours and attributes (SGR).

use super::cell::Color;
use super::parse::Sequence;
use super::style::{Style, flag};

impl Style {
    /// What a sequence makes of a style.
    pub fn apply(&mut self, seq: &Sequence) {
        if seq.len() == 0 {
            return self.plain();
        }
        let mut at = 0;
        while at < seq.len() {
            // A number and those that hang on it by colons.
            let subs = (at + 1..seq.len()).take_while(|i| seq.is_sub(*i)).count();
            match seq.number(at) {
                4 if subs > 0 => self.underline = u8::try_from(seq.number(at + 1)).unwrap_or(1).min(5),
                which @ (38 | 48 | 58) => {
                    let (color, used) = color(seq, at, subs);
                    at += used;
                    if let Some(color) = color {
                        match which {
                            38 => self.fg = color,
                            48 => self.bg = color,
                            _ => self.line = color,
                        }
                    }
                    at += 1 + subs;
                    continue;
                }
                n => self.attribute(n),
            }
            at += 1 + subs;
        }
    }

    fn plain(&mut self) {
        *self = Self { link: self.link, flags: self.flags & !flag::LOOK, ..Self::default() };
    }

    /// A number that stands for itself.
    pub fn attribute(&mut self, number: u16) {
        let index = |base: u16| Color::Index(u8::try_from(number - base).unwrap_or(0));
        match number {
            0 => self.plain(),
            1 => self.flags |= flag::BOLD,
            2 => self.flags |= flag::DIM,
            3 => self.flags |= flag::ITALIC,
            4 => self.underline = 1,
            5 | 6 => self.flags |= flag::BLINK,
            7 => self.flags |= flag::INVERSE,
            8 => self.flags |= flag::HIDDEN,
            9 => self.flags |= flag::STRIKE,
            21 => self.underline = 2,
            22 => self.flags &= !(flag::BOLD | flag::DIM),
            23 => self.flags &= !flag::ITALIC,
            24 => self.underline = 0,
            25 => self.flags &= !flag::BLINK,
            27 => self.flags &= !flag::INVERSE,
            28 => self.flags &= !flag::HIDDEN,
            29 => self.flags &= !flag::STRIKE,
            30..=37 => self.fg = index(30),
            39 => self.fg = Color::Default,
            40..=47 => self.bg = index(40),
            49 => self.bg = Color::Default,
            53 => self.flags |= flag::OVERLINE,
            55 => self.flags &= !flag::OVERLINE,
            59 => self.line = Color::Default,
            90..=97 => self.fg = index(82),
            100..=107 => self.bg = index(92),
            _ => {}
        }
    }

    /// The numbers that bring it about, from nothing.
    pub fn numbers(&self) -> String {
        let mut out = String::from("0");
        let mut push = |text: &str| {
            out.push(';');
            out.push_str(text);
        };
        for (bit, number) in [
            (flag::BOLD, "1"),
            (flag::DIM, "2"),
            (flag::ITALIC, "3"),
            (flag::BLINK, "5"),
            (flag::INVERSE, "7"),
            (flag::HIDDEN, "8"),
            (flag::STRIKE, "9"),
            (flag::OVERLINE, "53"),
        ] {
            if self.flags & bit != 0 {
                push(number);
            }
        }
        match self.underline {
            0 => {}
            1 => push("4"),
            n => push(&format!("4:{n}")),
        }
        for (color, base, bright, wide) in [(self.fg, 30, 90, 38), (self.bg, 40, 100, 48)] {
            match color {
                Color::Default => {}
                Color::Index(i @ 0..8) => push(&(base + u16::from(i)).to_string()),
                Color::Index(i @ 8..16) => push(&(bright + u16::from(i) - 8).to_string()),
                Color::Index(i) => push(&format!("{wide};5;{i}")),
                Color::Rgb(r, g, b) => push(&format!("{wide};2;{r};{g};{b}")),
            }
        }
        match self.line {
            Color::Default => {}
            Color::Index(i) => push(&format!("58:5:{i}")),
            Color::Rgb(r, g, b) => push(&format!("58:2::{r}:{g}:{b}")),
        }
        out
    }
}

/// The colour behind 38, 48 or 58, and how many numbers after it (or its colons) it takes.
fn color(seq: &Sequence, at: usize, subs: usize) -> (Option<Color>, usize) {
    let byte = |i: usize| u8::try_from(seq.number(i)).ok();
    let rgb = |i: usize| Some(Color::Rgb(byte(i)?, byte(i + 1)?, byte(i + 2)?));
    if subs > 0 {
        // 38:2:r:g:b, or with a colour space in front of r.
        let color = match seq.number(at + 1) {
            2 if subs >= 5 => rgb(at + 3),
            2 if subs == 4 => rgb(at + 2),
            5 if subs >= 2 => byte(at + 2).map(Color::Index),
            _ => None,
        };
        return (color, 0);
    }
    match seq.number(at + 1) {
        2 => (rgb(at + 2), 4),
        5 => (byte(at + 2).map(Color::Index), 2),
        _ => (None, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Screen;
    use super::*;

    #[test]
    fn every_spelling_is_read() {
        let shown = |sgr: &str| {
            let mut screen = Screen::new(4, 1);
            screen.feed(format!("\x1b[{sgr}mx").as_bytes());
            let cell = screen.cell(0, 0).expect("inside");
            (cell.fg, cell.bg, cell.bold, cell.underline, cell.line)
        };
        let (none, rgb) = (Color::Default, Color::Rgb(1, 2, 3));
        for (sgr, wanted) in [
            ("38;2;1;2;3", (rgb, none, false, 0, none)),
            ("38:2::1:2:3", (rgb, none, false, 0, none)),
            ("48:2:1:2:3;1", (none, rgb, true, 0, none)),
            ("58;5;1", (none, none, false, 0, Color::Index(1))),
            ("58:2::1:2:3;4:3", (none, none, false, 3, rgb)),
            ("4:3;58;2;1;1;1;31", (Color::Index(1), none, false, 3, Color::Rgb(1, 1, 1))),
            ("4;4:0", (none, none, false, 0, none)),
            ("38;5;58", (Color::Index(58), none, false, 0, none)),
            ("97;107;1;22", (Color::Index(15), Color::Index(15), false, 0, none)),
            ("1;31;", (none, none, false, 0, none)),
        ] {
            assert_eq!(shown(sgr), wanted, "{sgr}");
        }
    }
}
