//! Anchors, branches and worktrees on hosts: what is there, what is wanted, and the way between.
//! Speaks to a host only in shell steps, so it works where no sf is; never discards work and never
//! writes outside `repo-cache/` and `features/` below a host's root.

mod anchor;
mod departures;
pub mod diff;
pub mod discover;
mod lock;
pub mod log;
pub mod names;
mod plan;
pub mod removal;
pub mod setup;
pub mod sync;
mod tree;
mod unit;
pub mod worktree;

pub use unit::Unit;
