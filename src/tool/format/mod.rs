//! What several tools share.

pub mod document;
pub mod jsonl;
pub mod opencode;
pub mod revision;
pub mod shelf;
pub mod text;
pub mod value;
