//! Random ids.

use crate::error::{Error, Result};

/// `bytes` random bytes as lower-case hex.
///
/// # Errors
/// `internal` when the kernel has no randomness to give.
pub fn hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0u8; bytes];
    let mut filled = 0;
    while filled < bytes {
        let n = rustix::rand::getrandom(&mut buffer[filled..], rustix::rand::GetRandomFlags::empty())
            .map_err(|e| Error::internal(format!("the kernel gives no random bytes: {e}")))?;
        filled += n;
    }
    Ok(super::hash::hex(&buffer))
}
