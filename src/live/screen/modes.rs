//! The modes that programs switch (DECSET, SM) and ask for (DECRQM).

/// DEC private modes that are kept, and whether they are on at first. Those that mean nothing on a
/// terminal without paper are kept all the same: programs ask for what they set.
const PRIVATE: [(u16, bool); 47] = [
    (1, false),    // DECCKM: cursor keys
    (2, true),     // DECANM
    (3, false),    // DECCOLM: 132 columns
    (4, false),    // DECSCLM
    (5, false),    // DECSCNM: reverse video
    (6, false),    // DECOM: origin
    (7, true),     // DECAWM: wrap
    (8, true),     // DECARM
    (9, false),    // X10 mouse
    (12, false),   // blinking cursor
    (18, false),   // DECPFF
    (19, true),    // DECPEX
    (25, true),    // DECTCEM: cursor is shown
    (30, true),    // scroll bar
    (35, true),    // font shifting
    (40, false),   // whether DECCOLM counts
    (41, false),   // a tab after a full line goes to the next one
    (42, false),   // DECNRCM
    (44, false),   // margin bell
    (45, false),   // reverse wrap
    (66, false),   // DECNKM: keypad
    (67, false),   // DECBKM: backspace key sends BS
    (69, false),   // DECLRMM: left and right margins
    (95, false),   // DECNCSM
    (1000, false), // mouse: presses and releases
    (1001, false), // highlight tracking, which is not done
    (1002, false), // mouse: and drags
    (1003, false), // mouse: and motion
    (1004, false), // focus
    (1005, false), // mouse: UTF-8
    (1006, false), // mouse: SGR
    (1007, true),  // wheel as arrows on the alternate screen
    (1010, false), // scroll to the bottom on output
    (1011, false), // and on a key
    (1015, false), // mouse: urxvt
    (1016, false), // mouse: SGR in pixels
    (1034, false), // eighth bit is meta
    (1035, true),  // num lock modifier
    (1036, true),  // meta sends ESC
    (1039, true),  // alt sends ESC
    (1042, false), // urgency
    (1043, false), // pop up on bell
    (2004, false), // bracketed paste
    (2026, false), // synchronized update
    (2031, false), // light or dark is reported
    (2048, false), // size is reported
    (80, false),   // sixel scrolling
];

/// ANSI modes that are kept.
const ANSI: [u16; 4] = [2, 4, 12, 20];
/// ANSI modes of printers and blocks, reset for ever (ECMA-48, 7.2).
const NEVER: [u16; 13] = [1, 3, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19];

/// Numbers of modes that are looked at.
pub(super) mod private {
    pub const CURSOR_KEYS: u16 = 1;
    pub const WIDE_PAGE: u16 = 3;
    pub const REVERSE: u16 = 5;
    pub const ORIGIN: u16 = 6;
    pub const WRAP: u16 = 7;
    pub const SHOWN: u16 = 25;
    pub const ALLOW_WIDE: u16 = 40;
    pub const MORE_FIX: u16 = 41;
    pub const REVERSE_WRAP: u16 = 45;
    pub const KEYPAD: u16 = 66;
    pub const BACKARROW: u16 = 67;
    pub const MARGINS: u16 = 69;
    pub const KEEP_ON_WIDE: u16 = 95;
    pub const FOCUS: u16 = 1004;
    pub const WHEEL_ARROWS: u16 = 1007;
    pub const PASTE: u16 = 2004;
    pub const SYNC: u16 = 2026;
    pub const CLUSTERS: u16 = 2027;
    pub const SCHEME: u16 = 2031;
    pub const SIZE: u16 = 2048;
}

/// Numbers of ANSI modes.
pub(super) mod ansi {
    pub const INSERT: u16 = 4;
    pub const NEW_LINE: u16 = 20;
}

/// Which are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ModeSet {
    private: u64,
    /// What XTSAVE put aside.
    saved: u64,
    ansi: u8,
}

impl Default for ModeSet {
    fn default() -> Self {
        let on = |bits: u64, (i, (_, on)): (usize, &(u16, bool))| bits | u64::from(*on) << i;
        let private = PRIVATE.iter().enumerate().fold(0, on);
        Self { private, saved: private, ansi: 0 }
    }
}

fn place(mode: u16) -> Option<usize> {
    PRIVATE.iter().position(|(m, _)| *m == mode)
}

impl ModeSet {
    pub fn is(&self, mode: u16) -> bool {
        place(mode).is_some_and(|i| self.private >> i & 1 == 1)
    }

    pub fn set(&mut self, mode: u16, on: bool) {
        if let Some(i) = place(mode) {
            self.private = self.private & !(1 << i) | u64::from(on) << i;
        }
    }

    pub fn save(&mut self, mode: u16) {
        if let Some(i) = place(mode) {
            self.saved = self.saved & !(1 << i) | self.private & 1 << i;
        }
    }

    /// Whether the mode was on when it was saved; `None` for one that is not kept.
    pub fn saved(&self, mode: u16) -> Option<bool> {
        place(mode).map(|i| self.saved >> i & 1 == 1)
    }

    /// DECRQM: 0 not known, 1 set, 2 reset.
    pub fn report(&self, mode: u16) -> u8 {
        match place(mode) {
            None => 0,
            Some(_) if self.is(mode) => 1,
            Some(_) => 2,
        }
    }

    pub fn is_ansi(&self, mode: u16) -> bool {
        ANSI.iter().position(|m| *m == mode).is_some_and(|i| self.ansi >> i & 1 == 1)
    }

    pub fn set_ansi(&mut self, mode: u16, on: bool) {
        if let Some(i) = ANSI.iter().position(|m| *m == mode) {
            self.ansi = self.ansi & !(1 << i) | u8::from(on) << i;
        }
    }

    pub fn report_ansi(&self, mode: u16) -> u8 {
        match mode {
            _ if NEVER.contains(&mode) => 4,
            _ if !ANSI.contains(&mode) => 0,
            _ if self.is_ansi(mode) => 1,
            _ => 2,
        }
    }

    /// Sequences that bring these about, but for modes that move the cursor.
    pub fn sequences(&self) -> String {
        use private::{ALLOW_WIDE, MARGINS, ORIGIN, WIDE_PAGE};
        let elsewhere = [MARGINS, ORIGIN, WIDE_PAGE, ALLOW_WIDE];
        // Those that are as they were at first are told only if a program is likely to switch them.
        let told = |mode: u16, first: bool| {
            !elsewhere.contains(&mode)
                && (self.is(mode) != first || matches!(mode, 1 | 5 | 7 | 9 | 25 | 45 | 66 | 67 | 1000.. | 12))
                && !(1010..=1011).contains(&mode)
                && !(1034..=1043).contains(&mode)
        };
        let list = |on: bool| -> Vec<String> {
            let modes = PRIVATE.iter().filter(|(m, first)| told(*m, *first) && self.is(*m) == on);
            modes.map(|(m, _)| m.to_string()).collect()
        };
        let mut out = String::new();
        // Off first: on some terminals, one mouse mode that goes off takes the others along.
        for (modes, last) in [(list(false), 'l'), (list(true), 'h')] {
            if !modes.is_empty() {
                out.push_str(&format!("\x1b[?{}{last}", modes.join(";")));
            }
        }
        for mode in ANSI {
            out.push_str(&format!("\x1b[{mode}{}", if self.is_ansi(mode) { 'h' } else { 'l' }));
        }
        out
    }
}
