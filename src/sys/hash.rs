//! Names that stand for what is in something: SHA-256 in lower-case hex.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The first `count` bytes of the hash of `bytes`, at most all 32: two digits each.
pub fn short(bytes: &[u8], count: usize) -> String {
    hex(&Sha256::digest(bytes)[..count.min(32)])
}

/// The whole hash of `bytes`, 64 digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(short(b"abc", 4), "ba7816bf");
        assert_eq!(short(b"abc", 99), sha256(b"abc"));
    }
}
