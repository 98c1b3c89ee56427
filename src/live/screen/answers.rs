//! What the emulator hands out: the answers to a program's questions, its title, and events.

use std::collections::VecDeque;

/// Events that nobody fetched are dropped beyond this number, oldest first.
const MOST_NOTICES: usize = 64;
/// A program that asks without ever reading gets no more than this.
const MOST_REPLY_BYTES: usize = 64 * 1024;
const LONGEST_TITLE: usize = 256;

/// Something a program told its terminal, beyond the picture. Text is free of control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The bell.
    Bell,
    /// A notification (OSC 9, OSC 777).
    Notify {
        /// Its heading, empty with OSC 9.
        title: String,
        /// Its text.
        body: String,
    },
    /// The working folder as a `file://` address (OSC 7).
    Folder(String),
    /// Progress (OSC 9;4): state 0 to 4 and percent.
    Progress(u8, u8),
    /// Text for the clipboard, in base64 (OSC 52).
    Clipboard(String),
    /// A mark of shell integration (OSC 133): `A` prompt, `B` what is typed, `C` output, `D` the end,
    /// with the exit status if it was told.
    Mark(char, Option<i32>),
    /// What a tool says of itself (OSC 7501, sent by Codex).
    Tool(String),
}

/// The emulator's callbacks.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub replies: Vec<u8>,
    pub notices: VecDeque<Notice>,
    pub title: Option<String>,
    pub focus_events: bool,
    pub synchronized: bool,
    /// Row that origin mode counts from; the cursor's report is relative to it.
    pub origin: u16,
}

impl Answers {
    fn reply(&mut self, bytes: impl AsRef<[u8]>) {
        if self.replies.len() < MOST_REPLY_BYTES {
            self.replies.extend_from_slice(bytes.as_ref());
        }
    }

    fn notice(&mut self, notice: Notice) {
        if self.notices.len() == MOST_NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }

    fn private_mode(&mut self, params: &[&[u16]], on: bool) {
        for param in params {
            match param {
                [1004] => self.focus_events = on,
                [2026] => self.synchronized = on,
                _ => {}
            }
        }
    }

    fn position(&mut self, screen: &vt100::Screen, mark: &str) {
        let (row, col) = screen.cursor_position();
        let cols = screen.size().1.get();
        let row = row.saturating_sub(self.origin) + 1;
        self.reply(format!("\x1b[{mark}{row};{}R", col.min(cols - 1) + 1));
    }

    /// DECRQM: 1 set, 2 reset, 0 not known.
    fn mode_state(&self, screen: &vt100::Screen, mode: u16) -> u8 {
        use vt100::{MouseProtocolEncoding as E, MouseProtocolMode as M};
        let on = match mode {
            1 => screen.application_cursor(),
            25 => !screen.hide_cursor(),
            47 | 1047 | 1049 => screen.alternate_screen(),
            66 => screen.application_keypad(),
            9 => screen.mouse_protocol_mode() == M::Press,
            1000 => screen.mouse_protocol_mode() == M::PressRelease,
            1002 => screen.mouse_protocol_mode() == M::ButtonMotion,
            1003 => screen.mouse_protocol_mode() == M::AnyMotion,
            1004 => self.focus_events,
            1005 => screen.mouse_protocol_encoding() == E::Utf8,
            1006 => screen.mouse_protocol_encoding() == E::Sgr,
            2004 => screen.bracketed_paste(),
            2026 => self.synchronized,
            _ => return 0,
        };
        if on { 1 } else { 2 }
    }
}

impl vt100::Callbacks for Answers {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.notice(Notice::Bell);
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        let title = clean(title, LONGEST_TITLE);
        self.title = (!title.is_empty()).then_some(title);
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.notice(Notice::Clipboard(String::from_utf8_lossy(data).into_owned()));
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        second: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        let number = params.first().and_then(|p| p.first()).copied().unwrap_or(0);
        match (first, second, last) {
            // A VT220 with colours; what xterm-256color promises and nothing more.
            (None, None, 'c') if number == 0 => self.reply("\x1b[?62;22c"),
            (Some(b'>'), None, 'c') if number == 0 => self.reply("\x1b[>1;10;0c"),
            (None, None, 'n') if number == 5 => self.reply("\x1b[0n"),
            (None, None, 'n') if number == 6 => self.position(screen, ""),
            (Some(b'?'), None, 'n') if number == 6 => self.position(screen, "?"),
            (Some(b'?'), Some(b'$'), 'p') => {
                let state = self.mode_state(screen, number);
                self.reply(format!("\x1b[?{number};{state}$y"));
            }
            (Some(b'>'), None, 'q') => {
                self.reply(concat!("\x1bP>|sf ", env!("CARGO_PKG_VERSION"), "\x1b\\"));
            }
            (None, None, 't') if number == 18 => {
                let (rows, cols) = screen.size();
                self.reply(format!("\x1b[8;{rows};{cols}t"));
            }
            (Some(b'?'), None, 'h') => self.private_mode(params, true),
            (Some(b'?'), None, 'l') => self.private_mode(params, false),
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        match params {
            [b"7", folder] => self.notice(Notice::Folder(clean(folder, 4096))),
            [b"9", b"4", rest @ ..] => {
                let number = |i: usize| {
                    rest.get(i).and_then(|b| std::str::from_utf8(b).ok()).and_then(|t| t.parse().ok())
                };
                self.notice(Notice::Progress(number(0).unwrap_or(0), number(1).unwrap_or(0)));
            }
            [b"9", body @ ..] => {
                self.notice(Notice::Notify { title: String::new(), body: clean(&body.join(&b';'), 1024) });
            }
            [b"777", b"notify", title, body @ ..] => self.notice(Notice::Notify {
                title: clean(title, LONGEST_TITLE),
                body: clean(&body.join(&b';'), 1024),
            }),
            [b"133", mark, rest @ ..] => {
                let status =
                    rest.first().and_then(|b| std::str::from_utf8(b).ok()).and_then(|t| t.parse().ok());
                if let Some(letter) = mark.first() {
                    self.notice(Notice::Mark(char::from(*letter), status));
                }
            }
            [b"7501", said @ ..] => self.notice(Notice::Tool(clean(&said.join(&b';'), 4096))),
            // Light on dark: programs only use this to choose between their two palettes.
            [b"10", b"?"] => self.reply("\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\"),
            [b"11", b"?"] => self.reply("\x1b]11;rgb:0000/0000/0000\x1b\\"),
            _ => {}
        }
    }
}

/// Text without control characters, cut to a number of characters.
fn clean(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(most).collect()
}
