//! Operating system commands: titles, colours, links, notifications, the clipboard, marks.

use super::palette::{self, DYNAMIC, SPECIAL};
use super::report::{Notice, clean};
use super::row::mark;
use super::term::Term;

impl Term {
    pub fn command(&mut self, text: &[u8], bell: bool) {
        let (number, rest) = match text.iter().position(|b| *b == b';') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &[][..]),
        };
        let Some(number) = std::str::from_utf8(number).ok().and_then(|n| n.parse::<u16>().ok()) else {
            return;
        };
        let end = if bell { "\x07" } else { "\x1b\\" };
        match number {
            0 => self.reports.set_title(rest, true, true),
            1 => self.reports.set_title(rest, false, true),
            2 => self.reports.set_title(rest, true, false),
            4 => self.colors(rest, 0, 4, end),
            5 => self.colors(rest, SPECIAL, 5, end),
            7 => self.reports.notice(Notice::Folder(clean(rest, 4096))),
            8 => self.link(rest),
            9 => self.notification(rest),
            10..=19 => self.dynamic(rest, number, end),
            52 => self.clipboard(rest),
            104 => self.reset_colors(rest, 0),
            105 => self.reset_colors(rest, SPECIAL),
            110..=119 => self.palette.reset(DYNAMIC + number - 100),
            133 => self.shell_mark(rest),
            777 => self.extension(rest),
            7501 => self.reports.notice(Notice::Tool(clean(rest, 4096))),
            _ => {}
        }
    }

    /// Pairs of a number and a colour, or a question for it.
    fn colors(&mut self, rest: &[u8], base: u16, command: u16, end: &str) {
        let text = String::from_utf8_lossy(rest).into_owned();
        let mut parts = text.split(';');
        while let (Some(index), Some(spec)) = (parts.next(), parts.next()) {
            let Ok(index) = index.parse::<u16>() else { return };
            // The special ones may be called by the numbers that follow the palette.
            if index >= if base == 0 { SPECIAL + 8 } else { 8 } {
                continue;
            }
            let number = base + index;
            if spec == "?" {
                let color = palette::spell(self.palette.get(number));
                self.reports.reply(format!("\x1b]{command};{index};{color}{end}"));
            } else if let Some(rgb) = palette::parse(spec) {
                self.palette.set(number, rgb);
            }
        }
    }

    fn reset_colors(&mut self, rest: &[u8], base: u16) {
        if rest.is_empty() {
            let end = if base == 0 { SPECIAL } else { DYNAMIC };
            return self.palette.reset_range(base..end);
        }
        for part in String::from_utf8_lossy(rest).split(';') {
            if let Some(number) = part.parse::<u16>().ok().and_then(|n| n.checked_add(base)) {
                self.palette.reset(number);
            }
        }
    }

    /// Each further colour belongs to the next number.
    fn dynamic(&mut self, rest: &[u8], first: u16, end: &str) {
        let text = String::from_utf8_lossy(rest).into_owned();
        for (number, spec) in (first..20).zip(text.split(';')) {
            if spec == "?" {
                let color = palette::spell(self.palette.get(DYNAMIC + number));
                self.reports.reply(format!("\x1b]{number};{color}{end}"));
            } else if let Some(rgb) = palette::parse(spec) {
                self.palette.set(DYNAMIC + number, rgb);
            }
        }
    }

    /// OSC 8: `params;address`; an empty address ends the link.
    fn link(&mut self, rest: &[u8]) {
        let text = clean(rest, 4096);
        let ends = text.split_once(';').is_none_or(|(_, address)| address.is_empty());
        self.pen.link = if ends { 0 } else { self.styles.link_number(&text) };
        self.pen_number = None;
    }

    /// OSC 9: a text, or progress as ConEmu has it.
    fn notification(&mut self, rest: &[u8]) {
        let text = clean(rest, 1024);
        let notice = match text.strip_prefix("4;").or_else(|| (text == "4").then_some("")) {
            Some(progress) => {
                let mut numbers = progress.split(';').map(|n| n.parse().unwrap_or(0));
                Notice::Progress(numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
            }
            None => Notice::Notify { title: String::new(), body: text },
        };
        self.reports.notice(notice);
    }

    fn extension(&mut self, rest: &[u8]) {
        let text = clean(rest, 1024);
        if let Some(text) = text.strip_prefix("notify;") {
            let (title, body) = text.split_once(';').unwrap_or((text, ""));
            self.reports.notice(Notice::Notify { title: title.to_owned(), body: body.to_owned() });
        }
    }

    /// A program may fill the clipboard. What is in it, it is never told.
    fn clipboard(&mut self, rest: &[u8]) {
        let text = String::from_utf8_lossy(rest);
        let Some((_, data)) = text.split_once(';') else { return };
        let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        if data != "?" && data.chars().all(base64) {
            self.reports.notice(Notice::Clipboard(data.to_owned()));
        }
    }

    fn shell_mark(&mut self, rest: &[u8]) {
        let text = clean(rest, 256);
        let mut parts = text.split(';');
        let Some(kind) = parts.next().and_then(|p| p.chars().next()) else { return };
        let bit = match kind {
            'A' | 'P' => mark::PROMPT,
            'B' | 'I' => mark::COMMAND,
            'C' => mark::OUTPUT,
            'D' => mark::END,
            _ => return,
        };
        let y = self.y;
        self.page.grid.row_mut(y).marks |= bit;
        let code = parts.next().and_then(|code| code.parse().ok());
        self.reports.notice(Notice::Mark(kind, code));
    }
}
