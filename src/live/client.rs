//! The client's end of a holder's frames, over any stream: a local socket, or a link to another host.

mod attached;
mod peer;
mod retry;
mod wait;

pub use super::share::Link;
pub use attached::{Attached, End, Wish};
pub use peer::{Peer, Said};
pub use retry::{Retry, is_final};
pub use wait::{Until, wait};
