//! Live sessions.

pub mod colors;
mod find;
mod place;

pub mod adopt;
pub mod attach;
pub mod explain;
pub mod list;
pub mod mute;
pub mod paste;
pub mod pause;
pub mod resume;
pub mod run;
pub mod screen;
pub mod send;
pub mod share;
pub mod show;
pub mod start;
pub mod stop;
pub mod tmux;
pub mod unshare;
pub mod wait;

pub use find::Session;
pub use mute::muted;
