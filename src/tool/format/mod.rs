//! What several tools share.

pub mod jsonl;
pub mod text;
pub mod value;
