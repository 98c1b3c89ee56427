//! The room that transcripts take, and putting them aside or away.

use std::fs;
use std::path::Path;

use super::sfs;
use crate::error::{At, Error, Result};
use crate::model::TranscriptId;
use crate::sys::files;

/// Bytes of a transcript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Its folder.
    pub talk: u64,
    /// What its tool keeps beside the talk.
    pub raw: u64,
}

impl Size {
    /// All of it.
    pub const fn bytes(self) -> u64 {
        self.talk + self.raw
    }
}

/// The size of a transcript in a folder of them (`sessions/`, `trash/`).
pub fn size(sessions: &Path, id: &TranscriptId) -> Size {
    Size {
        talk: tree(&sfs::folder(sessions, id)),
        raw: fs::metadata(sfs::raw_file(sessions, id)).map_or(0, |meta| meta.len()),
    }
}

/// Bytes of all files at a path and below. What cannot be read counts for nothing.
pub fn tree(path: &Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| tree(&entry.path())).sum()
}

/// Moves a transcript from one folder of them to another. One that is there already was moved before
/// we were interrupted.
///
/// # Errors
/// Whatever the file system says.
pub fn carry(from: &Path, to: &Path, id: &TranscriptId) -> Result<()> {
    files::private_dir(to)?;
    for path in [sfs::folder, sfs::raw_file].map(|place| (place(from, id), place(to, id))) {
        let (old, new) = path;
        if !old.exists() {
            continue;
        }
        if new.is_dir() {
            return Err(Error::conflict(format!("`{}` is there already", new.display())));
        }
        fs::rename(&old, &new).at(old.display())?;
    }
    Ok(())
}

/// Removes a transcript from a folder of them. Gives the bytes that it took.
///
/// # Errors
/// Whatever the file system says.
pub fn erase(sessions: &Path, id: &TranscriptId) -> Result<u64> {
    let size = size(sessions, id);
    gone(fs::remove_dir_all(sfs::folder(sessions, id)), &sfs::folder(sessions, id))?;
    erase_raw(sessions, id)?;
    Ok(size.bytes())
}

/// Removes what its tool keeps beside the talk.
///
/// # Errors
/// Whatever the file system says.
pub fn erase_raw(sessions: &Path, id: &TranscriptId) -> Result<()> {
    let path = sfs::raw_file(sessions, id);
    gone(fs::remove_file(&path), &path)
}

/// The ids of the transcripts in a folder of them.
pub fn ids(sessions: &Path) -> Vec<TranscriptId> {
    let name = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".sfs")?.parse().ok();
    fs::read_dir(sessions).into_iter().flatten().flatten().filter_map(name).collect()
}

fn gone(removed: std::io::Result<()>, path: &Path) -> Result<()> {
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e).at(path.display()),
        _ => Ok(()),
    }
}
