//! The screen as text for people and scripts, and as bytes for another screen.

use std::fmt::Write;

use super::Screen;
use crate::model::live::ScreenText;

impl Screen {
    /// The lines of the picture from top to bottom, without colours, trailing blanks cut.
    pub fn text(&self) -> Vec<String> {
        let cols = self.size().0;
        self.parser.screen().rows(0, cols).map(|line| line.trim_end().to_owned()).collect()
    }

    /// The text of the picture with lines that were wrapped put together again.
    pub fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    /// The lines that have left at the top, which are kept no longer.
    pub fn take_history(&mut self) -> Vec<String> {
        let lines = self.history_lines(self.history(), false);
        self.parser.screen_mut().clear_scrollback();
        lines
    }

    /// The lines of the picture with up to `scrollback` earlier lines in front; with `ansi`, colours as sequences.
    pub fn screen_text(&mut self, scrollback: usize, ansi: bool) -> ScreenText {
        let (cols, rows) = self.size();
        let cursor = self.cursor();
        let mut lines = self.history_lines(scrollback, ansi);
        lines.extend(self.lines(ansi));
        let title = self.title().map(str::to_owned);
        ScreenText { cols, rows, cursor: (cursor.col, cursor.row), lines, title }
    }

    fn lines(&self, ansi: bool) -> Vec<String> {
        if !ansi {
            return self.text();
        }
        let cols = self.size().0;
        let close = |mut line: String| {
            if line.contains('\x1b') {
                line.push_str("\x1b[m");
            }
            line
        };
        self.parser.screen().rows_formatted(0, cols).map(close).collect()
    }

    /// The last `count` lines that left at the top.
    fn history_lines(&mut self, count: usize, ansi: bool) -> Vec<String> {
        let before = self.scrolled();
        let page = usize::from(self.size().1);
        let mut left = count.min(self.history());
        let mut lines = Vec::with_capacity(left);
        while left > 0 {
            self.scroll_to(left);
            let take = left.min(page);
            lines.extend(self.lines(ansi).into_iter().take(take));
            left -= take;
        }
        self.scroll_to(before);
        lines
    }

    /// Bytes that bring any screen of this size into this state: up to `history` earlier lines,
    /// contents, attributes, cursor, scroll region, modes, title, and the beginning of a sequence
    /// that is still coming in.
    ///
    /// The emulator's own dump neither switches to the alternate screen nor carries the region, and
    /// leaves modes alone that it believes to be off already.
    pub fn formatted(&mut self, history: usize) -> Vec<u8> {
        let mut out = String::from("\x18\x1b(B\x0f\x1b[?1004;2026l\x1b[0 q");
        out.push_str("\x1b[?9;1000;1002;1003;1005;1006l");
        let modes = self.modes();
        // Writing to a String cannot fail, here and below.
        if modes.alternate_screen {
            out.push_str("\x1b[?1049h\x1b[?6l\x1b[r");
        } else {
            out.push_str("\x1b[?1049l\x1b[?6l\x1b[r");
            let lines = self.history_lines(history, true);
            if !lines.is_empty() {
                out.push_str("\x1b[m\x1b[3J\x1b[2J\x1b[H");
                for line in &lines {
                    let _ = write!(out, "{line}\r\n");
                }
                // Push them out at the top.
                let rows = usize::from(self.size().1);
                out.push_str(&"\r\n".repeat(rows - 1));
            }
        }
        out.push_str(&self.parser.screen().state_formatted());
        self.finish_region(&mut out);
        if modes.focus_events {
            out.push_str("\x1b[?1004h");
        }
        if let Some(title) = self.title() {
            let _ = write!(out, "\x1b]2;{title}\x1b\\");
        }
        let mut out = out.into_bytes();
        out.extend(self.unfinished());
        out
    }

    /// Setting the region moves the cursor, so it comes last and the cursor is put back.
    fn finish_region(&mut self, out: &mut String) {
        let region = *self.region();
        let Some((top, bottom)) = region.rows else {
            return;
        };
        let cursor = self.cursor();
        let _ = write!(out, "\x1b[{top};{bottom}r");
        let from = if region.origin { top - 1 } else { 0 };
        if region.origin {
            out.push_str("\x1b[?6h");
        }
        let _ = write!(out, "\x1b[{};{}H", cursor.row.saturating_sub(from) + 1, cursor.col + 1);
    }
}
