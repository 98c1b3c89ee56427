//! Anchors, branches and worktrees with real git.

mod removal;
mod sync;
