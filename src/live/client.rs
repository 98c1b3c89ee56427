//! The client's end of a holder's frames, over any stream: a local socket, or a link to another host.

mod attached;
mod peer;
mod retry;
mod wait;
mod wishes;

pub use super::share::Link;
pub use attached::{Attached, End};
pub use peer::{Peer, Said};
pub use retry::{Retry, is_final};
pub use wait::{Until, wait};
pub use wishes::{Wish, Wishes};
