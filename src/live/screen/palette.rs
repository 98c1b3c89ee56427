//! The colours that a program asks for and may change (OSC 4, 5, 10 to 19).

use std::collections::BTreeMap;

use crate::model::live::{Colors, Rgb};

/// Numbers beyond the 256: special colours (OSC 5), then dynamic ones (OSC 10 to 19).
pub(super) const SPECIAL: u16 = 256;
pub(super) const DYNAMIC: u16 = 300;

/// Light on dark: programs only use this to choose between their two palettes.
const FOREGROUND: Rgb = [0xe5, 0xe5, 0xe5];
const BACKGROUND: Rgb = [0, 0, 0];

/// What xterm starts with.
const FIRST: [Rgb; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// What xterm shows for one of the 256 colours before anybody changes it: sixteen that have names, a cube of six
/// levels, a ramp of greys. Terminals differ in the first sixteen.
pub fn xterm(index: u8) -> Rgb {
    let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    match index {
        0..16 => FIRST[usize::from(index)],
        16..232 => {
            let i = index - 16;
            [level(i / 36), level(i / 6 % 6), level(i % 6)]
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            [grey, grey, grey]
        }
    }
}

/// Colours that a program changed, by number.
pub(super) type Changed = BTreeMap<u16, Rgb>;

/// What was changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Palette {
    changed: Changed,
    /// The colours of the person's own terminal, when a client has told them.
    pub outer: Option<Colors>,
}

impl Palette {
    /// What a number stands for.
    pub fn get(&self, number: u16) -> Rgb {
        if let Some(rgb) = self.changed.get(&number) {
            return *rgb;
        }
        let (text, behind) = self.outer.unwrap_or((FOREGROUND, BACKGROUND));
        match number {
            0..256 => xterm(u8::try_from(number).unwrap_or(0)),
            n if n == DYNAMIC + 11 || n == DYNAMIC + 16 || n == DYNAMIC + 14 => behind,
            _ => text,
        }
    }

    /// All that the program changed.
    pub fn changes(&self) -> &Changed {
        &self.changed
    }

    /// A colour that the program changed.
    pub fn changed(&self, number: u16) -> Option<Rgb> {
        self.changed.get(&number).copied()
    }

    pub fn set(&mut self, number: u16, rgb: Rgb) {
        self.changed.insert(number, rgb);
    }

    pub fn reset(&mut self, number: u16) {
        self.changed.remove(&number);
    }

    /// Resets all from one number to before another.
    pub fn reset_range(&mut self, numbers: std::ops::Range<u16>) {
        self.changed.retain(|n, _| !numbers.contains(n));
    }

    /// Sequences that bring the changes about.
    pub fn sequences(&self) -> String {
        let mut out = String::from("\x1b]104\x1b\\\x1b]105\x1b\\");
        for number in 10..20 {
            if self.changed.contains_key(&(DYNAMIC + number)) {
                continue;
            }
            out.push_str(&format!("\x1b]{}\x1b\\", 100 + number));
        }
        for (number, rgb) in &self.changed {
            let color = spell(*rgb);
            out.push_str(&match *number {
                n if n >= DYNAMIC => format!("\x1b]{};{color}\x1b\\", n - DYNAMIC),
                n if n >= SPECIAL => format!("\x1b]5;{};{color}\x1b\\", n - SPECIAL),
                n => format!("\x1b]4;{n};{color}\x1b\\"),
            });
        }
        out
    }
}

/// As xterm writes it.
pub(super) fn spell([r, g, b]: Rgb) -> String {
    format!("rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}")
}

/// Reads a colour as XParseColor does: `#rgb` to `#rrrrggggbbbb`, `rgb:r/g/b`, `rgbi:r/g/b`, and the
/// few names that programs use. Red, green, blue, of 255.
pub fn parse(text: &str) -> Option<Rgb> {
    if let Some(digits) = text.strip_prefix('#') {
        if !digits.is_ascii() || digits.is_empty() || digits.len() % 3 != 0 || digits.len() > 12 {
            return None;
        }
        let size = digits.len() / 3;
        // The digits are the upper ones of four.
        let part = |i: usize| {
            let n = u32::from_str_radix(&digits[i * size..(i + 1) * size], 16).ok()?;
            u8::try_from(n << (16 - 4 * size) >> 8).ok()
        };
        return Some([part(0)?, part(1)?, part(2)?]);
    }
    if let Some(parts) = text.strip_prefix("rgb:") {
        let mut parts = parts.split('/').map(|part| {
            let most = 16u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1)?;
            let n = u32::from_str_radix(part, 16).ok().filter(|_| (1..=4).contains(&part.len()))?;
            u8::try_from((n * 0xffff / most) >> 8).ok()
        });
        return Some([parts.next()??, parts.next()??, parts.next()??]);
    }
    if let Some(parts) = text.strip_prefix("rgbi:") {
        let mut parts = parts.split('/').map(|part| {
            let n: f64 = part.parse().ok()?;
            // In range by the clamp.
            (0.0..=1.0).contains(&n).then_some((n * 255.0).round() as u8)
        });
        return Some([parts.next()??, parts.next()??, parts.next()??]);
    }
    let name = text.to_ascii_lowercase();
    const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
    const PURE: [Rgb; 8] = [
        [0, 0, 0],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [0, 0, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];
    NAMES.iter().position(|n| *n == name).map(|i| PURE[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_x_reads_them() {
        for (text, wanted) in [
            ("#fff", Some([0xf0, 0xf0, 0xf0])),
            ("#808182", Some([0x80, 0x81, 0x82])),
            ("#f00f00f00", Some([0xf0, 0xf0, 0xf0])),
            ("#f000f000f000", Some([0xf0, 0xf0, 0xf0])),
            ("rgb:f/80/ffff", Some([0xff, 0x80, 0xff])),
            ("rgbi:1/0/0.5", Some([255, 0, 128])),
            ("Red", Some([255, 0, 0])),
            ("#ff", None),
            ("#", None),
            ("rgb:1/2", None),
            ("rgb:fffff/0/0", None),
            ("?", None),
            ("#ßß", None),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
    }
}
