//! Reaching a machine: this one, or one behind the system's ssh.

pub mod host;

pub use host::{Calls, Duplex, Host, Output, Step};
