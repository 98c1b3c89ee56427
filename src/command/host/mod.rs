//! Commands about machines.

pub mod add;
pub mod bootstrap;
pub mod check;
pub mod discover;
pub mod list;
pub mod login;
pub mod remove;
pub mod show;
