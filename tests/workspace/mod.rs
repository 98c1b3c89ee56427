//! Anchors, branches and worktrees with real git.

mod removal;
mod sequences;
mod setup;
mod sync;
