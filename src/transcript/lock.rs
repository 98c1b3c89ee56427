//! The capture lock of a home: one process at a time adds to transcripts or takes them away.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::sys::Paths;
use crate::sys::lock::{Lock, wait_lock};

/// How long one waits for another when nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes it; waits while another process has it, at most as long as is said.
///
/// # Errors
/// `conflict` when the other is not done in time.
pub async fn take(paths: &Paths, patience: Option<Duration>) -> Result<Lock> {
    let path = paths.lock_dir().join("capture.lock");
    wait_lock(&path, patience.unwrap_or(PATIENCE)).await?.ok_or_else(|| {
        Error::conflict("another capture is running")
            .hint("it takes everything with it; or wait with --timeout 5m")
    })
}
