//! Commands about repositories.

pub mod add;
pub mod list;
