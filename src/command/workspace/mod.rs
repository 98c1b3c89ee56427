//! Commands about worktrees.

pub mod attach;
pub mod detach;
pub mod hapi;
pub(in crate::command) mod removing;
pub mod sync;
mod wanted;
pub mod worktree_diff;
pub mod worktree_list;
