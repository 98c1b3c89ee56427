//! Answers to what programs ask a terminal.

use super::modes::private;
use super::parse::Sequence;
use super::term::Term;

/// A cell in pixels, for programs that want to know: nobody sees pixels here.
const CELL: (usize, usize) = (8, 16);

impl Term {
    /// DA1: a VT420 with selective erase, technical characters, horizontal scrolling, colours, rectangles and
    /// a clipboard that can be written.
    pub fn primary_attributes(&mut self) {
        self.reports.reply("\x1b[?64;1;6;9;15;21;22;28;52c");
    }

    /// DSR.
    pub fn status_report(&mut self, what: u16) {
        match what {
            5 => self.reports.reply("\x1b[0n"),
            6 => self.position(""),
            _ => {}
        }
    }

    /// DSR of the private kind; devices that we lack say so.
    pub fn private_report(&mut self, what: u16, id: u16) {
        let answer = match what {
            6 => return self.position("?"),
            // The sum of no macros.
            63 => return self.reports.reply(format!("\x1bP{id}!~0000\x1b\\")),
            // No printer.
            15 => "\x1b[?13n",
            // User-defined keys are locked.
            25 => "\x1b[?21n",
            // A North American keyboard, ready.
            26 => "\x1b[?27;1;0;0n",
            // No locator.
            53 | 55 => "\x1b[?53n",
            56 => "\x1b[?57;0n",
            // No room for macros, and none is there.
            62 => "\x1b[0*{",
            // All is well.
            75 => "\x1b[?70n",
            // One session.
            85 => "\x1b[?83n",
            // Dark or light.
            996 => {
                let [r, g, b] = self.palette.get(super::palette::DYNAMIC + 11);
                let light = u16::from(r) + u16::from(g) + u16::from(b) > 3 * 128;
                if light { "\x1b[?997;2n" } else { "\x1b[?997;1n" }
            }
            _ => return,
        };
        self.reports.reply(answer);
    }

    /// The cursor's place, from the margins in origin mode.
    fn position(&mut self, mark: &str) {
        let (mut x, mut y) = (self.x, self.y);
        if self.modes.is(private::ORIGIN) {
            x = x.saturating_sub(self.margins.left);
            y = y.saturating_sub(self.margins.top);
        }
        // The extended report names the page, of which there is one.
        let page = if mark == "?" { ";1" } else { "" };
        self.reports.reply(format!("\x1b[{mark}{};{}{page}R", y + 1, x + 1));
    }

    /// XTWINOPS: sizes are told, titles are put aside; windows are the person's own.
    pub fn window(&mut self, seq: &Sequence) {
        let (cols, rows) = (self.cols(), self.rows());
        let (width, height) = (cols * CELL.0, rows * CELL.1);
        let answer = match seq.number(0) {
            11 => "\x1b[1t".to_owned(),
            13 => "\x1b[3;0;0t".to_owned(),
            14 => format!("\x1b[4;{height};{width}t"),
            15 => format!("\x1b[5;{height};{width}t"),
            16 => format!("\x1b[6;{};{}t", CELL.1, CELL.0),
            18 => format!("\x1b[8;{rows};{cols}t"),
            19 => format!("\x1b[9;{rows};{cols}t"),
            // A title that is read back could type for the person, so the answer is empty.
            20 | 21 => {
                let (mark, title) = match seq.number(0) {
                    20 => ('L', &self.reports.icon),
                    _ => ('l', &self.reports.title),
                };
                let title = title.as_deref().filter(|_| self.reports.reveals).unwrap_or("");
                format!("\x1b]{mark}{title}\x1b\\")
            }
            22 => return self.reports.push_title(seq.number(1)),
            23 => return self.reports.pop_title(seq.number(1)),
            _ => return,
        };
        self.reports.reply(answer);
    }

    /// The size, unasked (mode 2048).
    pub fn report_size(&mut self) {
        let (cols, rows) = (self.cols(), self.rows());
        let (width, height) = (cols * CELL.0, rows * CELL.1);
        self.reports.reply(format!("\x1b[48;{rows};{cols};{height};{width}t"));
    }

    /// Device control strings: DECRQSS and XTGETTCAP are answered, pictures are not shown.
    pub fn device_string(&mut self, head: &Sequence, data: &[u8]) {
        match (head.between, head.last) {
            (b'$', b'q') => self.setting(data),
            (b'+', b'q') => self.capabilities(data),
            _ => {}
        }
    }

    /// DECRQSS.
    fn setting(&mut self, what: &[u8]) {
        let m = self.margins;
        let value = match what {
            b"m" => self.pen.numbers(),
            b"r" => format!("{};{}", m.top + 1, m.bottom),
            b"s" => format!("{};{}", m.left + 1, m.right),
            b" q" => self.cursor_style.max(1).to_string(),
            b"\"q" => u8::from(self.pen.flags & super::style::flag::KEPT != 0).to_string(),
            b"\"p" => format!("6{};1", self.level),
            b"*x" => (if self.rectangles { "2" } else { "0" }).to_owned(),
            b"t" | b"*|" => self.rows().to_string(),
            b"$|" => self.cols().to_string(),
            b"$}" | b"$~" => "0".to_owned(),
            _ => return self.reports.reply("\x1bP0$r\x1b\\"),
        };
        let what = String::from_utf8_lossy(what).into_owned();
        self.reports.reply(format!("\x1bP1$r{value}{what}\x1b\\"));
    }

    /// XTGETTCAP: names in hexadecimal, separated by semicolons.
    fn capabilities(&mut self, names: &[u8]) {
        for name in names.split(|b| *b == b';') {
            let name = String::from_utf8_lossy(name).into_owned();
            let Some(value) = unhex(&name).and_then(|n| capability(&n)) else {
                self.reports.reply(format!("\x1bP0+r{name}\x1b\\"));
                continue;
            };
            let hex: String = value.bytes().map(|b| format!("{b:02X}")).collect();
            let sign = if hex.is_empty() { "" } else { "=" };
            self.reports.reply(format!("\x1bP1+r{name}{sign}{hex}\x1b\\"));
        }
    }
}

/// What is true of this terminal beyond `xterm-256color` (terminfo(5), and tmux's names).
fn capability(name: &str) -> Option<&'static str> {
    Some(match name {
        "Co" | "colors" => "256",
        "TN" | "name" => "xterm-256color",
        "RGB" => "8/8/8",
        "Tc" | "Su" => "",
        "Ss" => "\x1b[%p1%d q",
        "Se" => "\x1b[2 q",
        "Smulx" => "\x1b[4:%p1%dm",
        "Setulc" => "\x1b[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%d%;m",
        "smxx" => "\x1b[9m",
        "rmxx" => "\x1b[29m",
        "Ms" => "\x1b]52;%p1%s;%p2%s\x07",
        "BE" => "\x1b[?2004h",
        "BD" => "\x1b[?2004l",
        "PS" => "\x1b[200~",
        "PE" => "\x1b[201~",
        "Sync" => "\x1b[?2026%?%p1%{1}%-%tl%eh%;",
        _ => return None,
    })
}

fn unhex(text: &str) -> Option<String> {
    if text.is_empty() || !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let byte = |i: usize| u8::from_str_radix(text.get(i..i + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}
