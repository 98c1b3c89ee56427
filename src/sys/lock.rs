//! Locks between processes: flock on a file of ours. The kernel drops them when a process dies.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::error::{At, Result};

/// How often one who waits looks whether the other is done.
const LOOK: Duration = Duration::from_millis(50);

/// An exclusive lock; released on drop.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

/// Takes the lock if nobody holds it; `None` when somebody does.
///
/// # Errors
/// When the lock file cannot be made.
pub fn try_lock(path: &Path) -> Result<Option<Lock>> {
    let file = open(path)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Lock(file))),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(e) => Err(std::io::Error::from(e)).at(path.display()),
    }
}

/// Takes the lock as soon as nobody holds it; `None` when that takes longer than `patience`.
///
/// # Errors
/// When the lock file cannot be made.
pub async fn wait_lock(path: &Path, patience: Duration) -> Result<Option<Lock>> {
    let taken = async {
        // flock tells nobody when it is released.
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            if let Some(lock) = try_lock(path)? {
                return Ok(Some(lock));
            }
        }
    };
    tokio::time::timeout(patience, taken).await.unwrap_or(Ok(None))
}

/// Takes the lock, waiting for whoever holds it. Blocks the thread.
///
/// # Errors
/// When the lock file cannot be made.
pub fn lock(path: &Path) -> Result<Lock> {
    let file = open(path)?;
    loop {
        match rustix::fs::flock(&file, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(Lock(file)),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(std::io::Error::from(e)).at(path.display()),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).at(path.display())
}
