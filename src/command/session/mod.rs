//! Live sessions.

mod find;
mod place;

pub mod attach;
pub mod explain;
pub mod list;
pub mod run;
pub mod screen;
pub mod send;
pub mod show;
pub mod start;
pub mod stop;
pub mod wait;

pub use find::Session;
