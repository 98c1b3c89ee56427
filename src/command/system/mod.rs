//! Set-up and care.

pub mod completions;
pub mod config_get;
pub mod config_path;
pub mod config_set;
pub mod config_show;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod journal_export;
pub mod journal_list;
pub mod log;
pub mod man;
pub mod state;
pub mod state_export;
mod state_forge;
pub mod state_import;
pub mod version;
