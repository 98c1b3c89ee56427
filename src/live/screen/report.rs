//! What a program is answered, and what it said beside its picture.

use std::collections::VecDeque;

/// Events that nobody fetched are dropped beyond this number, oldest first.
const MOST_NOTICES: usize = 64;
/// A program that asks without ever reading gets no more than this.
const MOST_REPLY_BYTES: usize = 64 * 1024;
const LONGEST_TITLE: usize = 256;
const MOST_TITLES: usize = 10;

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

/// Answers, events and titles.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports {
    pub replies: Vec<u8>,
    pub notices: VecDeque<Notice>,
    pub title: Option<String>,
    pub icon: Option<String>,
    pub titles: Vec<(Option<String>, Option<String>)>,
    /// The program may ask for texts of the screen (DECRQCRA) and titles. Only ever set in builds for
    /// conformance suites: whoever can write to the terminal could read the screen with it.
    pub reveals: bool,
}

impl Reports {
    pub fn reply(&mut self, bytes: impl AsRef<[u8]>) {
        if self.replies.len() < MOST_REPLY_BYTES {
            self.replies.extend_from_slice(bytes.as_ref());
        }
    }

    pub fn notice(&mut self, notice: Notice) {
        if self.notices.len() == MOST_NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }

    /// Sets the titles of the window, of its icon, or of both.
    pub fn set_title(&mut self, text: &[u8], window: bool, icon: bool) {
        let title = Some(clean(text, LONGEST_TITLE)).filter(|t| !t.is_empty());
        if icon {
            self.icon.clone_from(&title);
        }
        if window {
            self.title = title;
        }
    }

    /// Puts titles aside: 0 both, 1 the icon's, 2 the window's.
    pub fn push_title(&mut self, which: u16) {
        if which > 2 {
            return;
        }
        if self.titles.len() == MOST_TITLES {
            self.titles.remove(0);
        }
        self.titles.push((self.title.clone(), self.icon.clone()));
    }

    /// Takes them up again.
    pub fn pop_title(&mut self, which: u16) {
        if which > 2 {
            return;
        }
        let Some((title, icon)) = self.titles.pop() else { return };
        if which != 1 {
            self.title = title;
        }
        if which != 2 {
            self.icon = icon;
        }
    }
}

/// Text without control characters, cut to a number of characters.
pub(super) fn clean(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).take(most).collect()
}
