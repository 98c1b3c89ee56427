//! Reaching a machine: this one, or one behind the system's ssh.

pub mod aliases;
mod backoff;
pub mod bootstrap;
pub mod host;
mod link;
mod local;
mod master;
mod mux;
mod pool;
pub mod probe;
mod remote;
mod serve;
pub mod sh;
mod ssh;
mod steps;

pub use host::{Calls, Duplex, Host, Output, SharedCalls, Step};
pub use master::{SshSettings, check_target};
pub use pool::Fleet;
pub use serve::serve;
