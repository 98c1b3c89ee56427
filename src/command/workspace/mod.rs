//! Commands about worktrees.

pub mod attach;
pub mod detach;
pub mod hapi;
pub mod one;
pub(in crate::command) mod removing;
pub mod sync;
mod wanted;
pub mod worktree_diff;
pub mod worktree_edit;
pub mod worktree_list;
pub mod worktree_log;
pub mod worktree_shell;
