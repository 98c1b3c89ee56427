//! The daemon's diary: `log/daemon.log`, a line for each thing it did.

use std::io::Write;
use std::path::PathBuf;

use crate::error::Result;
use crate::sys::{Clock, Paths, files};

/// A log that has grown to this is put aside, in place of the one before.
const LIMIT: u64 = 1024 * 1024;

/// An open log.
pub struct Log {
    path: PathBuf,
    clock: Clock,
    file: std::fs::File,
}

impl Log {
    /// Where the log of a home is.
    pub fn path(paths: &Paths) -> PathBuf {
        paths.log_dir().join("daemon.log")
    }

    /// Opens it to go on.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(paths: &Paths, clock: Clock) -> Result<Self> {
        let path = Self::path(paths);
        Ok(Self { file: files::append(&path)?, path, clock })
    }

    /// Writes a line with its time. A log that cannot be written stops nothing.
    pub fn line(&mut self, text: &str) {
        if self.file.metadata().is_ok_and(|meta| meta.len() > LIMIT) {
            let _ = std::fs::rename(&self.path, self.path.with_extension("log.1"));
            if let Ok(file) = files::append(&self.path) {
                self.file = file;
            }
        }
        let _ = writeln!(self.file, "{} {}", self.clock.now(), text.replace('\n', " "));
    }
}
