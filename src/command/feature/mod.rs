//! Commands about features.

pub mod destroy;
pub mod list;
pub mod new;
pub mod restore;
pub mod show;
