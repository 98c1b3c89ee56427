//! Anchors, branches and worktrees on hosts.
