//! Commands about repositories.

pub mod add;
pub mod list;
pub mod remove;
pub mod set;
