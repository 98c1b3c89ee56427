//! Runs commands. The engine knows no single command: it is given a [`Catalog`].
//!
//! ```text
//!  door --Call--> submit --> consent? --> run --> deadline, cancel, panic --> Finished (exactly once)
//!                   |            |          |
//!                   +------------+----------+--> events: Started, Progress, Item, Notice, Ask
//! ```

pub mod call;
pub mod contract;
pub mod ctx;
pub mod event;
pub mod fan;
mod hostside;
mod local;
mod run;
pub mod service;
mod snapshot;

pub use crate::live::client::{Attached, End};
pub use call::{Call, Options, Origin};
pub use contract::{Catalog, Command, Deadline, Done, Entry, Opened, Touch};
pub use ctx::Ctx;
pub use event::{Emit, Event, Level, Question};
pub use fan::{Fanned, fan, verdict};
pub use hostside::HostSide;
pub use local::{Engine, Parts, Run};
