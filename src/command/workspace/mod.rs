//! Commands about worktrees.

pub mod attach;
pub mod detach;
pub(in crate::command) mod removing;
pub mod sync;
mod wanted;
pub mod worktree_list;
