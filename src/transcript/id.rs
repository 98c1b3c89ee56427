//! Ids of transcripts.

use crate::error::Result;
use crate::model::{HostName, ToolId, TranscriptId};
use crate::sys::hash;

/// The ids that a session may get, best first: of a UUID version 4 the first 16 digits, as
/// SessionFS does, so that both give the same; then a hash, for all others and where those 16
/// digits belong to another session already; then a hash that knows the host too.
///
/// # Errors
/// Never in practice: the ids are hex.
pub fn candidates(tool: ToolId, native_id: &str, host: &HostName) -> Result<Vec<TranscriptId>> {
    let hashes = [format!("{tool}:{native_id}"), format!("{tool}:{native_id}@{host}")];
    let hashes = hashes.iter().map(|text| hash::short(text.as_bytes(), 8));
    prefix(native_id).into_iter().chain(hashes).map(|hex| format!("ses_{hex}").parse()).collect()
}

/// The first 16 digits of a UUID version 4.
fn prefix(native_id: &str) -> Option<String> {
    let hex: String = native_id.chars().filter(|c| *c != '-').collect();
    let is_v4 = native_id.len() == 36
        && hex.len() == 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
        && hex.as_bytes().get(12) == Some(&b'4');
    is_v4.then(|| hex.chars().take(16).collect::<String>().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_4_keeps_its_digits_and_others_are_hashed() {
        let host = HostName::local();
        let ids = |native| candidates(ToolId::Codex, native, &host).expect("hex");
        assert_eq!(ids("cfc058c7-2b5f-4bb8-bcd7-c3227ba03e66")[0].as_str(), "ses_cfc058c72b5f4bb8");
        let v7 = ids("01a1fbb5-f417-73b1-89a3-779205f4cd0b");
        assert_eq!(v7.len(), 2, "the first bits of version 7 are only the time");
        assert_ne!(v7[0], v7[1]);
        assert_eq!(v7[0], ids("01a1fbb5-f417-73b1-89a3-779205f4cd0b")[0]);
    }
}
