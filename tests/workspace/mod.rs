//! Anchors, branches and worktrees with real git.

mod sync;
