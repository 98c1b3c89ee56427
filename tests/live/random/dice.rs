//! What is drawn by lot: steps, and what programs write.

/// A small generator (xorshift): the same steps for the same seed.
pub struct Dice(u64);

impl Dice {
    /// One that begins with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).expect("few")).expect("small")
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }

    /// What a program writes at once: text in colours, wide and combined characters, cursor, margins,
    /// modes, both screens, titles. It may break off in the middle of a sequence, which then goes on in
    /// the next piece.
    pub fn output(&mut self) -> Vec<u8> {
        let pieces = if self.roll(12) == 0 { 4000 } else { 1 + self.roll(60) };
        let mut out = String::new();
        for _ in 0..pieces {
            self.piece(&mut out);
        }
        let mut bytes = out.into_bytes();
        // The next piece begins with what is left of this one, so nothing is swallowed for ever.
        if self.roll(3) == 0 {
            bytes.extend(
                self.pick(&[
                    &b"\x1b"[..],
                    b"\x1b[3",
                    b"\x1b[38;2;1",
                    b"\x1b]2;tit",
                    "漢".as_bytes()[..2].as_ref(),
                ])
                .iter(),
            );
        }
        bytes
    }

    fn piece(&mut self, out: &mut String) {
        use std::fmt::Write;
        let (a, b) = (self.roll(30), self.roll(100));
        // Writing into a String cannot fail.
        let _ = match self.roll(22) {
            0..=4 => write!(
                out,
                "line {a} of {b} and what belongs to it, as long as it happens to be {}\r\n",
                "x".repeat(b)
            ),
            5 => write!(out, "\x1b[3{}m\x1b[4{}m", a % 8, b % 8),
            6 => write!(out, "\x1b[38;5;{}m\x1b[48;2;{a};{b};9m", a + b),
            7 => write!(
                out,
                "\x1b[{}m",
                self.pick(&["0", "1", "2", "3", "4", "4:3", "58:5:9", "7", "9", "22", "24", "27"])
            ),
            8 => write!(out, "\x1b[{a};{b}H"),
            9 => write!(out, "\x1b[{}{}", a % 5, self.pick(&["A", "B", "C", "D", "E", "F", "G"])),
            10 => write!(out, "\x1b[{}{}", a % 3, self.pick(&["J", "K"])),
            11 => write!(out, "\x1b[{}{}", a % 6, self.pick(&["L", "M", "P", "@", "X", "S", "T"])),
            12 => write!(out, "\x1b[{};{}r", 1 + a % 5, 10 + b % 14),
            // A cursor outside of its margins has no sequence that brings it there.
            13 if a > 15 => write!(out, "\x1b[?6h\x1b[{a};7Hfrom the origin\x1b[?6l"),
            13 => write!(out, "\x1b[r"),
            14 => write!(out, "漢字 é e\u{301} 👩‍👩‍👧 🇩🇪 ❤\u{fe0f} ▏{b}"),
            15 => write!(out, "\x1b[?1049{}", self.pick(&["h", "l"])),
            16 => write!(
                out,
                "\x1b[?{}",
                self.pick(&["25h", "25l", "7h", "7l", "1h", "1l", "2004h", "1000h", "1000l"])
            ),
            17 => write!(out, "\x1b]2;title {b}\x1b\\"),
            18 => write!(out, "\x1b7\x1b[5;5Hsaved\x1b8"),
            19 => write!(out, "\t{b}\x08\x08\x1b[{}b", a % 9),
            20 => write!(out, "\x1b[?2026h\x1b[H{b}\x1b[K\x1b[?2026l"),
            _ => write!(out, "\r\n\n"),
        };
    }
}
