//! Transcripts: captured conversations of AI tools.

pub mod alias;
pub mod args;
pub mod capture;
mod capture_hosts;
pub mod compare;
pub mod cost;
pub mod delete;
pub mod dupes;
pub mod import;
pub mod list;
pub mod search;
pub mod show;
pub mod storage;
pub mod storage_prune;
pub mod summary;
pub mod undelete;
