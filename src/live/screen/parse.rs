//! Bytes of a program, cut into text, control characters and sequences: the state machine of the
//! VT500 (vt100.net, "A parser for DEC's ANSI-compatible video terminals"), for UTF-8.
//!
//! Text comes out in runs as long as possible, because that is what programs write most.

/// Numbers of a sequence that are kept; more are ignored.
const MOST_NUMBERS: usize = 32;
/// A sequence without end is given up; strings may be longer (a clipboard).
const LONGEST_SEQUENCE: usize = 1024;
const LONGEST_STRING: usize = 1024 * 1024;
/// A buffer that grew beyond this is given back.
const KEPT_BUFFER: usize = 4096;

/// What comes out.
pub(super) trait Act {
    /// Characters to show; none of them is C0 or DEL.
    fn text(&mut self, text: &str);
    /// A control character (C0).
    fn control(&mut self, byte: u8);
    /// `ESC`, what stands between, and the last byte.
    fn escape(&mut self, between: &[u8], last: u8);
    /// A control sequence.
    fn csi(&mut self, seq: &Sequence);
    /// An operating system command; whether BEL ended it.
    fn osc(&mut self, text: &[u8], bell: bool);
    /// A device control string.
    fn dcs(&mut self, head: &Sequence, data: &[u8]);
}

/// A control sequence: `ESC [ mark numbers between last`.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    /// One of `?><=`, or 0.
    pub mark: u8,
    /// A byte from blank to `/`, or 0; of two, the last.
    pub between: u8,
    /// The byte that ends it.
    pub last: u8,
    numbers: [u16; MOST_NUMBERS],
    count: usize,
    /// Which numbers were written at all, and which follow a colon.
    given: u32,
    sub: u32,
}

impl Sequence {
    /// How many numbers there are, empty ones included.
    pub fn len(&self) -> usize {
        self.count
    }

    /// A number, if it was given.
    pub fn get(&self, index: usize) -> Option<u16> {
        (index < self.count && self.given >> index & 1 == 1).then(|| self.numbers[index])
    }

    /// A number; 0 when it was not given.
    pub fn number(&self, index: usize) -> u16 {
        self.get(index).unwrap_or(0)
    }

    /// A number, or 1 when it is 0 or was not given.
    pub fn count(&self, index: usize) -> u16 {
        self.number(index).max(1)
    }

    /// A number, or another when it is 0 or was not given.
    pub fn or(&self, index: usize, otherwise: u16) -> u16 {
        Some(self.number(index)).filter(|n| *n > 0).unwrap_or(otherwise)
    }

    /// Whether a number hangs on the one before by a colon.
    pub fn is_sub(&self, index: usize) -> bool {
        index < self.count && self.sub >> index & 1 == 1
    }

    /// The numbers.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..self.count).map(|i| self.number(i))
    }

    fn digit(&mut self, byte: u8) {
        let Some(number) = self.numbers.get_mut(self.count.max(1) - 1) else { return };
        self.count = self.count.max(1);
        self.given |= 1 << (self.count - 1);
        *number = number.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
    }

    /// The next number begins.
    fn next(&mut self, sub: bool) -> bool {
        let index = self.count.max(1);
        if index >= MOST_NUMBERS {
            return false;
        }
        self.numbers[index] = 0;
        self.count = index + 1;
        if sub {
            self.sub |= 1 << index;
        }
        true
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    /// Numbers of a control sequence, then what stands between.
    Csi,
    /// A control sequence that makes no sense, up to its end.
    CsiIgnored,
    Osc,
    /// The head of a device control string.
    DcsHead,
    Dcs,
    /// Strings that mean nothing to us (SOS, PM, APC), and those that became too long.
    Ignored,
}

/// The machine, across reads.
#[derive(Debug, Default)]
pub(super) struct Parser {
    state: State,
    /// The beginning of a character, or the bytes of a sequence so far.
    held: Vec<u8>,
    /// In a string, an ESC has come that may end it.
    escaped: bool,
    seq: Sequence,
    full: bool,
    string: Vec<u8>,
}

impl Parser {
    /// What another parser must read to be where this one is.
    pub fn unfinished(&self) -> Vec<u8> {
        let mut out = match self.state {
            State::Osc => [b"\x1b]", self.string.as_slice()].concat(),
            State::Dcs => [self.held.as_slice(), &self.string].concat(),
            State::Ignored => b"\x1bX".to_vec(),
            _ => self.held.clone(),
        };
        if self.escaped {
            out.push(0x1b);
        }
        out
    }

    /// Reads bytes, cut anywhere.
    pub fn read(&mut self, mut bytes: &[u8], act: &mut impl Act) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Ground => self.ground(bytes, act),
                State::Osc | State::Dcs | State::Ignored => self.string(bytes, act),
                _ => {
                    self.byte(bytes[0], act);
                    &bytes[1..]
                }
            };
        }
    }

    fn ground<'a>(&mut self, bytes: &'a [u8], act: &mut impl Act) -> &'a [u8] {
        if !self.held.is_empty() {
            return self.rest_of_character(bytes, act);
        }
        let end = bytes.iter().position(|b| is_control(*b)).unwrap_or(bytes.len());
        let (text, rest) = bytes.split_at(end);
        let held = characters(text, act);
        if !held.is_empty() {
            if rest.is_empty() {
                self.held.extend_from_slice(held);
            } else {
                act.text("\u{fffd}");
            }
        }
        // Line ends come in pairs; no need to go round for each.
        let mut rest = rest;
        while let Some((byte, more)) = rest.split_first()
            && is_control(*byte)
        {
            rest = more;
            if *byte == 0x1b {
                self.begin();
                return rest;
            }
            if *byte != 0x7f {
                act.control(*byte);
            }
        }
        rest
    }

    fn rest_of_character<'a>(&mut self, bytes: &'a [u8], act: &mut impl Act) -> &'a [u8] {
        let mut used = 0;
        while let Some(byte) = bytes.get(used).filter(|b| **b & 0xc0 == 0x80) {
            self.held.push(*byte);
            used += 1;
            match std::str::from_utf8(&self.held) {
                Ok(text) => {
                    act.text(text);
                    self.held.clear();
                    return &bytes[used..];
                }
                Err(e) if e.error_len().is_some() => {
                    // This one does not belong to it.
                    used -= 1;
                    break;
                }
                Err(_) => {}
            }
        }
        if used < bytes.len() {
            act.text("\u{fffd}");
            self.held.clear();
        }
        &bytes[used..]
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.held.clear();
        self.held.push(0x1b);
        self.string.clear();
        self.seq = Sequence::default();
        (self.escaped, self.full) = (false, false);
    }

    fn end(&mut self) {
        self.state = State::Ground;
        self.held.clear();
        self.string.clear();
        self.escaped = false;
        if self.string.capacity() > KEPT_BUFFER {
            self.string = Vec::new();
        }
    }

    /// A byte of a sequence.
    fn byte(&mut self, byte: u8, act: &mut impl Act) {
        match byte {
            0x18 | 0x1a => return self.end(),
            0x1b => return self.begin(),
            // Control characters in the middle of a sequence work as ever.
            0..=0x1f if self.state == State::DcsHead => return,
            0..=0x1f => return act.control(byte),
            0x7f => return,
            0x80.. => {
                // No sequence has such a byte; the character it begins is not lost.
                self.end();
                if (0xc2..=0xf4).contains(&byte) {
                    self.held.push(byte);
                } else {
                    act.text("\u{fffd}");
                }
                return;
            }
            _ => {}
        }
        self.held.push(byte);
        if self.held.len() > LONGEST_SEQUENCE {
            self.state = State::CsiIgnored;
            self.held.truncate(2);
        }
        match self.state {
            State::Escape => self.escape(byte, act),
            State::Csi | State::DcsHead => self.number(byte, act),
            State::CsiIgnored if (0x40..=0x7e).contains(&byte) => self.end(),
            _ => {}
        }
    }

    fn escape(&mut self, byte: u8, act: &mut impl Act) {
        let between = self.held.len() > 2;
        match byte {
            0x20..=0x2f => {}
            b'[' if !between => self.state = State::Csi,
            b']' if !between => self.state = State::Osc,
            b'P' if !between => self.state = State::DcsHead,
            b'X' | b'^' | b'_' if !between => self.state = State::Ignored,
            _ => {
                let held = std::mem::take(&mut self.held);
                self.end();
                act.escape(held.get(1..held.len() - 1).unwrap_or_default(), byte);
                self.held = held;
                self.held.clear();
            }
        }
    }

    fn number(&mut self, byte: u8, act: &mut impl Act) {
        let seq = &mut self.seq;
        match byte {
            b'0'..=b'9' if seq.between == 0 => {
                if !self.full {
                    seq.digit(byte);
                }
            }
            b';' | b':' if seq.between == 0 => self.full |= !seq.next(byte == b':'),
            b'<'..=b'?' if seq.count == 0 && seq.mark == 0 && seq.between == 0 => seq.mark = byte,
            0x20..=0x2f => seq.between = byte,
            0x40..=0x7e => {
                seq.last = byte;
                if self.state == State::DcsHead {
                    self.state = State::Dcs;
                    return;
                }
                let seq = std::mem::take(&mut self.seq);
                self.end();
                act.csi(&seq);
            }
            _ if self.state == State::DcsHead => self.state = State::Ignored,
            _ => self.state = State::CsiIgnored,
        }
    }

    /// The text of a string, up to what ends it.
    fn string<'a>(&mut self, bytes: &'a [u8], act: &mut impl Act) -> &'a [u8] {
        if self.escaped {
            let ends = bytes[0] == b'\\';
            if ends {
                self.finish(false, act);
                return &bytes[1..];
            }
            // Anything else is a sequence of its own, and ends the string unread.
            self.begin();
            return bytes;
        }
        let special = |b: &u8| matches!(b, 0x07 | 0x18 | 0x1a | 0x1b);
        let end = bytes.iter().position(special).unwrap_or(bytes.len());
        if self.state != State::Ignored {
            if self.string.len() + end > LONGEST_STRING {
                self.string = Vec::new();
                self.state = State::Ignored;
            } else {
                self.string.extend_from_slice(&bytes[..end]);
            }
        }
        let Some(byte) = bytes.get(end) else { return &[] };
        match byte {
            0x1b => self.escaped = true,
            // Only operating system commands end with BEL; elsewhere it is data.
            0x07 if self.state == State::Osc => self.finish(true, act),
            0x07 => {}
            _ => self.end(),
        }
        &bytes[end + 1..]
    }

    fn finish(&mut self, bell: bool, act: &mut impl Act) {
        let string = std::mem::take(&mut self.string);
        match self.state {
            State::Osc => act.osc(&string, bell),
            State::Dcs => act.dcs(&self.seq, &string),
            _ => {}
        }
        self.string = string;
        self.end();
    }
}

const fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

/// Shows the characters of a run; what can never become one is a replacement character. Gives back
/// the beginning of one that is not all there.
fn characters<'a>(mut text: &'a [u8], act: &mut impl Act) -> &'a [u8] {
    loop {
        match std::str::from_utf8(text) {
            Ok(whole) => {
                if !whole.is_empty() {
                    act.text(whole);
                }
                return &[];
            }
            Err(e) => {
                let (good, bad) = text.split_at(e.valid_up_to());
                if let Ok(good) = std::str::from_utf8(good)
                    && !good.is_empty()
                {
                    act.text(good);
                }
                let Some(skip) = e.error_len() else { return bad };
                act.text("\u{fffd}");
                text = &bad[skip..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log(Vec<String>);

    impl Act for Log {
        fn text(&mut self, text: &str) {
            self.0.push(text.to_owned());
        }
        fn control(&mut self, byte: u8) {
            self.0.push(format!("^{byte}"));
        }
        fn escape(&mut self, between: &[u8], last: u8) {
            self.0.push(format!("ESC {}{}", String::from_utf8_lossy(between), char::from(last)));
        }
        fn csi(&mut self, seq: &Sequence) {
            let numbers: Vec<String> = (0..seq.len())
                .map(|i| format!("{}{:?}", if seq.is_sub(i) { ":" } else { "" }, seq.get(i)))
                .collect();
            let sign = |b: u8| if b == 0 { String::new() } else { char::from(b).to_string() };
            self.0.push(format!(
                "CSI {}{}{}{}",
                sign(seq.mark),
                numbers.join(" "),
                sign(seq.between),
                char::from(seq.last)
            ));
        }
        fn osc(&mut self, text: &[u8], bell: bool) {
            self.0.push(format!("OSC {} {bell}", String::from_utf8_lossy(text)));
        }
        fn dcs(&mut self, head: &Sequence, data: &[u8]) {
            self.0.push(format!("DCS {}{}", char::from(head.last), String::from_utf8_lossy(data)));
        }
    }

    fn read(bytes: &[u8]) -> Vec<String> {
        let (mut parser, mut log) = (Parser::default(), Log::default());
        parser.read(bytes, &mut log);
        log.0
    }

    #[test]
    fn everything_has_its_kind() {
        for (bytes, wanted) in [
            (&b"ab\r\nc"[..], &["ab", "^13", "^10", "c"][..]),
            (b"\x1b[1;;38:2::5m", &["CSI Some(1) None Some(38) :Some(2) :None :Some(5)m"]),
            (b"\x1b[?25$p", &["CSI ?Some(25)$p"]),
            (b"\x1b[;H", &["CSI None NoneH"]),
            (b"\x1b[1\r2Hx", &["^13", "CSI Some(12)H", "x"]),
            (b"\x1b(0\x1bD", &["ESC (0", "ESC D"]),
            (b"\x1b]2;t\x07\x1b]8;;u\x1b\\", &["OSC 2;t true", "OSC 8;;u false"]),
            (b"\x1bP$qm\x1b\\a", &["DCS qm", "a"]),
            (b"\x1b_Gi=1;\x07AA\x1b\\b", &["b"]),
            (b"\x1b[1\x18a\x1b]2;x\x1ab\x1b[3\x1b[4mc", &["a", "b", "CSI Some(4)m", "c"]),
            (b"\x1b]2;\xe2\x9c\xb3\x07", &["OSC 2;✳ true"]),
            (b"a\xff\xe2\x82x", &["a", "\u{fffd}", "\u{fffd}", "x"]),
            (b"\x1b[99999999d", &["CSI Some(65535)d"]),
            (b"\x1b[3\xe2\x82\xac", &["€"]),
        ] {
            assert_eq!(read(bytes), wanted, "{bytes:?}");
        }
    }

    #[test]
    fn the_unfinished_goes_on_elsewhere() {
        let whole: &[u8] = b"a\x1b[38;2;1m\xe2\x82\xac\x1b]2;title\x1b\\\x1bP1$qm\x1b\\\x1b(B\x1b_x\x1b\\b";
        for cut in 0..whole.len() {
            let (mut first, mut second, mut log) = (Parser::default(), Parser::default(), Log::default());
            first.read(&whole[..cut], &mut log);
            second.read(&first.unfinished(), &mut log);
            second.read(&whole[cut..], &mut log);
            assert_eq!(log.0, read(whole), "cut at {cut}");
        }
    }

    #[test]
    fn a_string_without_end_takes_no_memory() {
        let (mut parser, mut log) = (Parser::default(), Log::default());
        parser.read(b"\x1b]2;", &mut log);
        for _ in 0..40 {
            parser.read(&[b'x'; 64 * 1024], &mut log);
        }
        assert!(parser.string.capacity() <= 2 * LONGEST_STRING);
        parser.read(b"\x1b\\done", &mut log);
        assert_eq!(log.0, ["done"]);
    }
}
