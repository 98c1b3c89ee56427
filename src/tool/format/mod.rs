//! What several tools share.

pub mod blocks;
pub mod disk;
pub mod document;
pub mod jsonl;
pub mod opencode;
pub mod replay;
pub mod revision;
pub mod shelf;
pub mod task;
pub mod text;
pub mod value;
