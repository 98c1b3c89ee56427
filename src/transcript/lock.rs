//! The capture lock of a home: one process at a time adds to transcripts or takes them away.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::sys::Paths;
use crate::sys::lock::{Lock, try_lock};

/// How long one waits for another when nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks whether the other is done.
const LOOK: Duration = Duration::from_millis(50);

/// Takes it; waits while another process has it, at most as long as is said.
///
/// # Errors
/// `conflict` when the other is not done in time.
pub async fn take(paths: &Paths, patience: Option<Duration>) -> Result<Lock> {
    let path = paths.lock_dir().join("capture.lock");
    let taken = async {
        // flock tells nobody when it is released.
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            if let Some(lock) = try_lock(&path)? {
                return Ok(lock);
            }
        }
    };
    tokio::time::timeout(patience.unwrap_or(PATIENCE), taken).await.unwrap_or_else(|_| {
        Err(Error::conflict("another capture is running")
            .hint("it takes everything with it; or wait with --timeout 5m"))
    })
}
