//! Which tools are captured, and how that goes.

pub mod disable;
pub mod enable;
pub mod list;
