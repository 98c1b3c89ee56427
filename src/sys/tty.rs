//! The terminal that we were started in: is it one, how large, and raw mode for the doors that
//! hand it to a session. (Raw mode of the cockpit is crossterm's.)

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr, ttyname};

use crate::error::{Error, Result};

/// Whether standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// The terminal of standard output, opened once more: writing to it never waits, and takes what there is room for.
/// Nothing where it has no name here.
pub fn output_without_waiting() -> Option<File> {
    let name = ttyname(std::io::stdout(), Vec::new()).ok()?;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).ok()?;
    OpenOptions::new().write(true).custom_flags(flags).open(OsStr::from_bytes(name.as_bytes())).ok()
}

/// Columns and rows of the terminal on standard output, if it is one.
pub fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(std::io::stdout().as_fd()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// Raw mode on standard input; the former mode comes back on drop.
pub struct RawMode(Termios);

impl RawMode {
    /// Enters raw mode.
    ///
    /// # Errors
    /// `usage` when standard input is no terminal.
    pub fn enter() -> Result<Self> {
        let stdin = std::io::stdin();
        let before =
            tcgetattr(stdin.as_fd()).map_err(|_| Error::usage("standard input is not a terminal"))?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin.as_fd(), OptionalActions::Now, &raw)
            .map_err(|e| Error::internal(format!("cannot switch the terminal to raw mode: {e}")))?;
        Ok(Self(before))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Nothing better can be done when the terminal is gone.
        let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Flush, &self.0);
    }
}
