//! Looking into the tools' folders and files. What is there and cannot be read is noted, and told by
//! [`finish`] at the end of a capture; what is not there is nothing to note.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{Code, Error};
use crate::sys::files::open_regular;

/// The largest file that is read as a whole.
pub const LARGEST: u64 = 256 * 1024 * 1024;
/// So many notes are kept at most.
const NOTES: usize = 1000;

/// What was left out, until somebody asks. Tools are asked from several threads.
static LEFT_OUT: Mutex<Vec<(PathBuf, Error)>> = Mutex::new(Vec::new());

/// Notes that something had to be left out, once.
pub fn leave_out(path: &Path, why: Error) {
    let mut notes = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    if notes.len() < NOTES && !notes.iter().any(|(p, e)| p == path && *e == why) {
        notes.push((path.to_owned(), why));
    }
}

/// What was left out below a folder since the last time.
pub fn finish(root: &Path) -> Vec<Error> {
    let mut notes = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    let (here, others) = std::mem::take(&mut *notes).into_iter().partition(|(p, _)| p.starts_with(root));
    *notes = others;
    let here: Vec<(PathBuf, Error)> = here;
    here.into_iter().map(|(_, why)| why).collect()
}

/// Notes why a file or folder cannot be read, unless it is not there.
pub fn unreadable(path: &Path, error: &io::Error) {
    // Not a folder: whoever looks into everything also looks into files.
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
        return;
    }
    let code = if error.kind() == ErrorKind::PermissionDenied { Code::Refused } else { Code::Tool };
    leave_out(path, Error::new(code, format!("`{}` cannot be read: {error}", path.display())));
}

/// What is in a folder, in the order of names.
pub fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    match fs::read_dir(dir) {
        Ok(list) => {
            for entry in list {
                match entry {
                    Ok(entry) => all.push(entry.path()),
                    Err(e) => unreadable(dir, &e),
                }
            }
        }
        Err(e) => unreadable(dir, &e),
    }
    all.sort();
    all
}

/// Whether there is such a file. That nobody may look is noted.
pub fn is_file(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(meta) => meta.is_file(),
        Err(e) => {
            unreadable(path, &e);
            false
        }
    }
}

/// Opens a file.
pub fn open(path: &Path) -> Option<File> {
    open_regular(path).map_err(|e| unreadable(path, &e)).ok()
}

/// The content of a file. Of one that is too large nothing.
pub fn read(path: &Path) -> Option<Vec<u8>> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    // Before anything is read: what is left out costs no memory.
    if file.metadata().is_ok_and(|meta| meta.len() > LARGEST) {
        leave_out(path, too_large(path));
        return None;
    }
    match file.take(LARGEST).read_to_end(&mut bytes) {
        Ok(_) => Some(bytes),
        Err(e) => {
            unreadable(path, &e);
            None
        }
    }
}

/// The first bytes of a file.
pub fn start(path: &Path, length: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(length).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e)).ok()?;
    Some(bytes)
}

/// Why a file is left out that is too large.
pub fn too_large(path: &Path) -> Error {
    let (path, most) = (path.display(), LARGEST >> 20);
    Error::unsupported(format!("`{path}` is larger than {most} MiB, the most that is read at once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_told_once_and_below_its_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.jsonl");
        assert!(open(&path).is_none());
        assert!(finish(dir.path()).is_empty(), "not there");
        fs::create_dir(&path).expect("made");
        for _ in 0..2 {
            assert!(open(&path).is_none());
        }
        assert!(finish(Path::new("/elsewhere")).is_empty());
        let told = finish(dir.path());
        assert_eq!(told.len(), 1);
        assert!(told[0].message.contains("a.jsonl` cannot be read: it is no regular file"), "{told:?}");
        assert!(finish(dir.path()).is_empty());
    }

    #[test]
    fn a_loop_of_links_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("loop");
        std::os::unix::fs::symlink(&path, &path).expect("made");
        assert!(entries(&path).is_empty() && read(&path).is_none());
        assert_eq!(finish(dir.path()).len(), 1);
    }
}
