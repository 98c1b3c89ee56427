//! What is to be done for one worktree: pure data, made from what was seen.

use super::anchor::{self, Anchor};
use super::tree::{Make, Place, Tree};
use super::unit::Unit;
use crate::error::{Error, Result};
use crate::model::workspace::{AnchorChange, BranchChange, SyncRepo, WorktreeChange};

/// The way from what is there to what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) anchor: AnchorChange,
    pub(super) branch: BranchChange,
    pub(super) worktree: WorktreeChange,
    /// What is to be made of branch and worktree, if anything.
    pub(super) make: Option<Make>,
}

/// Plans one worktree.
///
/// # Errors
/// `conflict` where something of somebody else's is in the way, `tool` where there is nothing to
/// start from. Nothing is done about it.
pub(super) fn plan(unit: &Unit, anchor: &Anchor, tree: &Tree) -> Result<Plan> {
    if tree.place == Place::Plain {
        let (anchor, branch) = (AnchorChange::Unchanged, BranchChange::Unchanged);
        return Ok(Plan { anchor, branch, worktree: WorktreeChange::Unchanged, make: None });
    }
    let anchor_change = match &anchor.state {
        anchor::State::Missing => AnchorChange::Created,
        anchor::State::Present if anchor.updated => AnchorChange::Updated,
        anchor::State::Present => AnchorChange::Unchanged,
        anchor::State::Other(url) => return Err(other_url(unit, url)),
        anchor::State::Foreign => {
            return Err(Error::conflict(format!(
                "`repo-cache/{}.anchor` on that host is no git repository",
                unit.repo.name
            ))
            .hint("it is left alone; move it away, and sync again"));
        }
    };
    let make = match tree.place {
        Place::Present if tree.pending && unit.repo.options.wants_setup() => Some(Make::Setup),
        Place::Present | Place::Plain => None,
        Place::Below => Some(Make::Move),
        Place::Unfinished => Some(Make::Finish),
        Place::Foreign => return Err(foreign(tree)),
        Place::Absent if tree.known.iter().any(|k| k.ours) => Some(again(tree)?),
        Place::Absent => Some(Make::Add),
    };
    if let (Some(Make::Add | Make::Again), Some(other)) = (make, elsewhere(unit, tree)) {
        return Err(Error::conflict(format!("branch `{}` is checked out at `{other}`", unit.branch))
            .hint("git allows a branch in one worktree only: remove that one, or choose another branch"));
    }
    let branch = if tree.is_there() { BranchChange::Unchanged } else { branch(unit, anchor, tree)? };
    let worktree = if make.is_some_and(|make| make != Make::Setup) {
        WorktreeChange::Created
    } else {
        WorktreeChange::Unchanged
    };
    Ok(Plan { anchor: anchor_change, branch, worktree, make })
}

fn branch(unit: &Unit, anchor: &Anchor, tree: &Tree) -> Result<BranchChange> {
    // When the remote was asked, it knows better than the anchor.
    let asked = !anchor.remote.is_empty() || anchor.state == anchor::State::Missing;
    let remote = if asked { anchor.remote.contains_key(&unit.branch) } else { tree.remote };
    if tree.local {
        return Ok(BranchChange::Unchanged);
    }
    if remote {
        return Ok(BranchChange::Tracked);
    }
    let base = unit.base.as_ref().or(anchor.default.as_ref());
    let known = if asked { base.is_some_and(|b| anchor.remote.contains_key(b)) } else { tree.base.is_some() };
    match (known, &unit.base) {
        (true, _) => Ok(BranchChange::Created),
        (false, Some(base)) => Err(Error::tool(format!(
            "repository `{}` has no branch `{base}` to start `{}` from",
            unit.repo.name, unit.branch
        ))
        .hint("`sf feature new --base` or `sf repo add --base` names another")),
        (false, None) => Err(Error::tool(format!(
            "repository `{}` has no default branch to start `{}` from",
            unit.repo.name, unit.branch
        ))
        .hint("is it empty? push a first commit, or name a base with `sf repo add --base`")),
    }
}

fn other_url(unit: &Unit, url: &str) -> Error {
    let repo = &unit.repo.name;
    Error::conflict(format!("the anchor of `{repo}` on that host is a clone of `{url}`"))
        .hint(format!("`{}` is wanted; move `repo-cache/{repo}.anchor` away, and sync again", unit.repo.url))
}

/// The error of a place that somebody else has taken.
pub(super) fn foreign(tree: &Tree) -> Error {
    let path = tree.path.as_deref().unwrap_or("the worktree's place");
    Error::conflict(format!("`{path}` is there and is no worktree of this repository"))
        .hint("it is left alone; move it away, and sync again")
}

/// A worktree that the anchor remembers and that is gone.
fn again(tree: &Tree) -> Result<Make> {
    let Some(known) = tree.known.iter().find(|k| k.ours) else { return Ok(Make::Add) };
    let path = &known.path;
    if known.locked {
        return Err(Error::conflict(format!("the worktree `{path}` is gone and locked"))
            .hint("is its disk away? `git worktree unlock` it otherwise"));
    }
    if let Some(to) = &known.moved {
        return Err(Error::conflict(format!("the worktree `{path}` was moved to `{to}`")).hint(format!(
            "move it back, or `git -C {to} worktree repair` to leave it there, and sync again"
        )));
    }
    if known.lonely {
        return Err(Error::conflict(format!("the worktree `{path}` is gone, and held commits of no branch"))
            .hint("`git worktree repair`, or give them a branch, before it is made again"));
    }
    Ok(if known.exists { Make::Add } else { Make::Again })
}

fn elsewhere<'a>(unit: &Unit, tree: &'a Tree) -> Option<&'a str> {
    let at = |k: &&super::tree::Known| !k.ours && k.exists && k.branch.as_ref() == Some(&unit.branch);
    tree.known.iter().find(at).map(|k| k.path.as_str())
}

/// The row of a worktree that is as planned.
pub(super) fn row(unit: &Unit, plan: Option<&Plan>, tree: &Tree) -> SyncRepo {
    SyncRepo {
        repo: unit.repo.name.clone(),
        path: tree.path.clone(),
        anchor: plan.map(|p| p.anchor),
        branch: plan.map(|p| p.branch),
        worktree: plan.map(|p| p.worktree),
        ahead: tree.ahead,
        behind: tree.behind,
        dirty: tree.dirty,
        notes: notes(unit, tree),
        error: None,
    }
}

/// What was found and left alone.
fn notes(unit: &Unit, tree: &Tree) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(from) = &tree.moved {
        notes.push(format!("moved here from `{from}`, where session-forge had made it"));
    }
    if let Some(kept) = &tree.kept {
        notes.push(format!("its folder was gone; what only it still knew is kept as `{kept}`"));
    }
    if !tree.is_there() {
        return notes;
    }
    if tree.place == Place::Plain {
        notes
            .push("it belongs to a clone of its own, which sf does not fetch into, and never removes".into());
    }
    match &tree.head {
        None => notes.push("HEAD is detached; left alone".into()),
        Some(head) if *head != unit.branch => {
            notes.push(format!("`{head}` is checked out instead of `{}`; left alone", unit.branch));
        }
        Some(_) => {}
    }
    if let Some(dirty) = tree.dirty.filter(|n| *n > 0) {
        let files = if dirty == 1 { "1 file is" } else { &format!("{dirty} files are") };
        notes.push(format!("{files} not committed; left alone"));
    }
    if let Some(n) = tree.submodules.filter(|_| !unit.repo.options.submodules) {
        let text = if n == 1 { "1 submodule is".to_owned() } else { format!("{n} submodules are") };
        notes.push(format!(
            "{text} not checked out; `sf repo set {} --submodules` checks them out",
            unit.repo.name
        ));
    }
    if tree.lacks_lfs {
        notes.push("it has files of git-lfs, and that host has no git-lfs".into());
    }
    if tree.rewritten {
        let base = tree.base.as_deref().unwrap_or("the base");
        notes.push(format!("`{base}` was rewritten since `{}` left it; left alone", unit.branch));
    }
    if let (Some(ahead @ 1..), Some(behind @ 1..), true) = (tree.ahead, tree.behind, tree.upstream.is_some())
    {
        notes.push(format!("diverged from its upstream: {ahead} ahead, {behind} behind; left alone"));
    }
    notes
}

#[cfg(test)]
mod tests;
