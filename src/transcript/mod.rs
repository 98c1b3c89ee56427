//! Transcripts: capturing what AI tools recorded, and reading it again.
//!
//! A transcript is a folder `sessions/<id>.sfs` in the open format of SessionFS (version 0.1.0,
//! nothing of ours outside of `metadata`). `messages.jsonl` is only ever appended to, so a line
//! number is an address for ever ([`page`]). How many bytes of it count is recorded with the row;
//! what lies beyond was not finished and is cut off before the next append ([`sfs`]).

pub mod archive;
pub mod capture;
pub mod compare;
pub mod health;
pub mod id;
pub mod import;
mod json;
pub mod link;
pub mod lock;
mod manifest;
pub mod page;
pub mod sfs;
pub mod storage;
pub mod summary;
