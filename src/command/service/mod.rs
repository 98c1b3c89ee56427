//! The background capture as a service of the system.

mod ask;

pub mod install;
pub mod restart;
pub mod start;
pub mod status;
pub mod stop;
pub mod uninstall;
