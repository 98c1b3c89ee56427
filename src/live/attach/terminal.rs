//! The real terminal while a session has it.

use std::io::Write;

use tokio::io::AsyncWriteExt;

use crate::error::{At, Result};
use crate::live::screen::{Outward, RESTORE};
use crate::sys::polled::{self, Output};
use crate::sys::tty::{self, RawMode};
use crate::wire::holder::People;

const ANY_SIZE: (u16, u16) = (80, 24);

/// Columns and rows of the terminal.
pub(super) fn size() -> (u16, u16) {
    tty::size().unwrap_or(ANY_SIZE)
}

/// The terminal, in raw mode. It is put back when this is dropped.
pub(super) struct Terminal {
    out: Output,
    outward: Outward,
    // In this order: the modes, then raw mode.
    _modes: Modes,
    _raw: RawMode,
}

impl Terminal {
    /// Takes it. `clipboard`: whether what it shows may fill the clipboard.
    ///
    /// # Errors
    /// `usage` when there is none.
    pub fn enter(clipboard: bool) -> Result<Self> {
        let raw = RawMode::enter()?;
        Ok(Self { out: polled::stdout(), outward: Outward::new(clipboard), _modes: Modes, _raw: raw })
    }

    /// Writes what the program wrote.
    pub async fn show(&mut self, bytes: &[u8]) -> Result<()> {
        let bytes = self.outward.pass(bytes);
        self.write(&bytes).await
    }

    /// Writes bytes of ours.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).await.at("the terminal")?;
        self.out.flush().await.at("the terminal")
    }

    /// Says something in the last line; the next picture takes it away.
    pub async fn tell(&mut self, text: &str) -> Result<()> {
        let (cols, rows) = size();
        let text: String = text.chars().filter(|c| !c.is_control()).take(usize::from(cols) - 1).collect();
        // Out of whatever the program was in the middle of, and back to where its cursor was.
        let line = format!("\x18\x1b7\x1b[?6l\x1b[{rows};1H\x1b(B\x0f\x1b[0;7m{text}\x1b[K\x1b[m\x1b8");
        self.write(line.as_bytes()).await
    }

    /// Says who is in, where it is in nobody's way: bell and title. The title comes back with the next
    /// one that the program sets.
    pub async fn who(&mut self, people: &People) -> Result<()> {
        let others: Vec<String> = people
            .others
            .iter()
            .map(|person| format!("{}{}", person.user, if person.read_only { " (looks)" } else { "" }))
            .collect();
        let others = if others.is_empty() { "nobody else".to_owned() } else { others.join(", ") };
        let text = format!("sf: session of {}, shared with {others}", people.owner);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        self.write(format!("\x1b]2;{text}\x07\x07").as_bytes()).await
    }
}

/// Puts the terminal's modes back when dropped.
struct Modes;

impl Drop for Modes {
    fn drop(&mut self) {
        let mut out = std::io::stdout();
        // Below what the session left on the screen. A terminal that is gone needs nothing.
        let rows = size().1;
        let _ = write!(out, "{RESTORE}\x1b[{rows};1H\r\n");
        let _ = out.flush();
    }
}
