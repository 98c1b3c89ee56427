//! Reaching a machine: this one, or one behind the system's ssh.

pub mod host;

mod link;

pub use host::{Calls, Duplex, Host, Output, SharedCalls, Step};
pub use link::Fleet;
