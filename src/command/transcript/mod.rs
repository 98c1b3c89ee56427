//! Transcripts: captured conversations of AI tools.

pub mod args;
pub mod capture;
pub mod list;
pub mod search;
pub mod show;
