//! Worktrees as they are now: one round trip a host, nothing written, no remote asked.

use super::tree::{self, Tree};
use super::unit::Unit;
use crate::error::Result;
use crate::fleet::{Host, Step};
use crate::model::workspace::Worktree;
use crate::model::{HostName, Time};

/// Looks at the wanted worktrees of one host; a row for each, in order.
///
/// # Errors
/// When the host cannot be asked.
pub async fn list(host: &dyn Host, root: Option<&str>, units: &[Unit], jobs: usize) -> Result<Vec<Worktree>> {
    let steps = (0..).zip(units).map(|(lane, unit)| Step { script: tree::observe(unit, root), lane });
    let outputs = host.steps(steps.collect(), jobs).await?;
    let rows =
        units.iter().zip(&outputs).map(|(unit, output)| row(host.name(), unit, &tree::parse(&output.stdout)));
    Ok(rows.collect())
}

/// A worktree of which nothing is known.
pub fn unknown(unit: &Unit, host: &HostName) -> Worktree {
    Worktree {
        feature: unit.feature.clone(),
        repo: unit.repo.name.clone(),
        host: host.clone(),
        path: None,
        branch: None,
        ahead: None,
        behind: None,
        dirty: None,
        stashed: None,
        last_commit: None,
        last_commit_at: None,
        present: false,
        error: None,
    }
}

/// The row of what was seen.
pub(super) fn row(host: &HostName, unit: &Unit, tree: &Tree) -> Worktree {
    let last = tree.last_commit.as_ref();
    Worktree {
        path: tree.path.clone(),
        branch: tree.head.clone(),
        ahead: tree.ahead,
        behind: tree.behind,
        dirty: tree.dirty,
        stashed: tree.stashed,
        last_commit: last.map(|(_, subject)| subject.clone()),
        last_commit_at: last.map(|(seconds, _)| Time(seconds.saturating_mul(1000))),
        present: tree.is_there(),
        ..unknown(unit, host)
    }
}
