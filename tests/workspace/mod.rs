//! Anchors, branches and worktrees with real git.

mod removal;
mod setup;
mod sync;
