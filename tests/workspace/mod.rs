//! Anchors, branches and worktrees with real git.

mod overtaken;
mod reading;
mod removal;
mod sequences;
mod setup;
mod sync;
