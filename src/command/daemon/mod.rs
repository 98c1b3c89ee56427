//! The background capture.

pub mod logs;
pub mod rebuild_index;
pub mod restart;
pub mod run;
pub mod start;
pub mod status;
pub mod stop;
