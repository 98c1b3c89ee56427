//! What several tools share.

pub mod blocks;
pub mod document;
pub mod jsonl;
pub mod revision;
pub mod task;
pub mod text;
pub mod value;
