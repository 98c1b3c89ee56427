//! Everything the product can do: one file per command, one line per command in [`table`].

pub mod args;
pub mod daemon;
pub mod feature;
pub mod hooks;
pub mod host;
pub mod line;
pub mod repo;
pub mod screen;
pub mod service;
pub mod session;
pub mod system;
pub mod table;
pub mod transcript;
pub mod watcher;
pub mod workspace;
