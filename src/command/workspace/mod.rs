//! Commands about worktrees.

pub mod attach;
pub mod sync;
mod wanted;
pub mod worktree_list;
