//! Private files and folders: 0600 and 0700, and whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::error::{At, Error, Result};

/// Makes a folder (and those above it) that only we can enter; tightens one that exists and is ours.
///
/// # Errors
/// `refused` when the folder belongs to another user or is no folder.
pub fn private_dir(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).at(path.display())?;
    let meta = fs::symlink_metadata(path).at(path.display())?;
    // A link is followed on purpose only when it is ours: people move data folders to other disks.
    let meta = if meta.is_symlink() { fs::metadata(path).at(path.display())? } else { meta };
    if !meta.is_dir() {
        return Err(Error::refused(format!("`{}` is not a folder", path.display())));
    }
    if meta.uid() != super::proc::uid() {
        return Err(Error::refused(format!("`{}` belongs to another user", path.display()))
            .hint("choose another folder with --home or SF_HOME"));
    }
    if meta.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).at(path.display())?;
    }
    Ok(())
}

/// Writes a file of mode 0600 beside its place and renames it there: a reader sees the old or the
/// new content, never a part.
///
/// # Errors
/// Whatever the file system says, with the path in front.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    write_atomic_mode(path, content, 0o600)
}

/// The same with a mode of the caller's choice.
///
/// # Errors
/// Whatever the file system says, with the path in front.
pub fn write_atomic_mode(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".sf-new-")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(dir)
        .at(path.display())?;
    file.write_all(content).at(path.display())?;
    file.as_file().sync_all().at(path.display())?;
    file.persist(path).map_err(|e| e.error).at(path.display())?;
    Ok(())
}

/// Opens a private file for appending, made when it is missing.
///
/// # Errors
/// Whatever the file system says, with the path in front.
pub fn append(path: &Path) -> Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).at(path.display())
}

/// Opens a regular file for reading. Anything else is an error at once: opening a pipe that nobody
/// writes to would wait for ever.
///
/// # Errors
/// Whatever the file system says; `InvalidInput` for a folder, a pipe, a socket or a device.
pub fn open_regular(path: &Path) -> std::io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no regular file"))
}

/// The content of a file, or `None` when there is no such file.
///
/// # Errors
/// Whatever else the file system says, with the path in front.
pub fn read_if_any(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::from(e).at(path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_is_private() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let inner = dir.path().join("a/b");
        private_dir(&inner).expect("made");
        assert_eq!(fs::metadata(&inner).expect("there").mode() & 0o777, 0o700);
        let file = inner.join("f");
        write_atomic(&file, b"one").expect("written");
        write_atomic(&file, b"two").expect("replaced");
        assert_eq!(fs::read(&file).expect("there"), b"two");
        assert_eq!(fs::metadata(&file).expect("there").mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&inner).expect("there").count(), 1, "nothing is left beside it");
    }
}
