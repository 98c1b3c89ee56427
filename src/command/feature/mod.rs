//! Commands about features.

pub mod list;
pub mod new;
pub mod show;
