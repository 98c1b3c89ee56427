//! Making worktrees real on one host.
//!
//! ```text
//! observe (round trip 1: fetch, look)  ──►  plan (pure)  ──►  apply (round trip 2, if anything)
//!      repositories side by side             per worktree        clone, branch, worktree, look
//! ```
//!
//! Meanwhile somebody may remove what is to be made. Before apply the caller is asked once more what is
//! wanted; what is removed after that is seen by apply itself, on the host (`departures`).

use futures_util::future::BoxFuture;

use super::anchor::{self, Anchor};
use super::lock::failure;
use super::plan::{self, Plan};
use super::tree::{self, Tree};
use super::unit::Unit;
use super::worktree;
use crate::error::{Error, Result};
use crate::fleet::{Host, Output, Step};
use crate::model::workspace::{AnchorChange, BranchChange, Feature, SyncRepo, Worktree, WorktreeChange};

/// How a sync is to be done.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// The host's root, as the user gave it.
    pub root: Option<&'a str>,
    /// Repositories at once.
    pub jobs: usize,
    /// Only say what would be done; nothing on the host is written, not even by a fetch.
    pub dry_run: bool,
}

/// Hears of each worktree: what is done with it now, or, with `true`, that it is settled.
pub type Told<'a> = &'a (dyn Fn(&Unit, &str, bool) + Sync);

/// The features as they are now: what is no longer attached to this host is not made.
pub type Wants<'a> = &'a (dyn Fn() -> BoxFuture<'a, Result<Vec<Feature>>> + Sync);

/// What became of one wanted worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What was done.
    pub row: SyncRepo,
    /// What is there now.
    pub tree: Worktree,
}

/// Brings the wanted worktrees of one host about; a row for each, in order. What fails is an error
/// in its row and holds up no other.
///
/// # Errors
/// Only when the host as a whole cannot be asked.
pub async fn sync(
    host: &dyn Host,
    units: &[Unit],
    how: How<'_>,
    wants: Wants<'_>,
    told: Told<'_>,
) -> Result<Vec<Settled>> {
    units.iter().for_each(|unit| told(unit, if how.dry_run { "looking" } else { "fetching" }, false));
    let lanes = lanes(units);
    let seen = observe(host, units, &lanes, how).await?;
    let mut rows = Vec::with_capacity(units.len());
    let mut todo = Vec::new();
    for (at, (unit, (anchor, tree))) in units.iter().zip(&seen).enumerate() {
        let planned = anchor.as_ref().map_err(Clone::clone).and_then(|a| plan::plan(unit, a, tree));
        let mut row = plan::row(unit, planned.as_ref().ok(), tree);
        match planned {
            Ok(plan) if plan.make.is_some() && !how.dry_run => {
                let seen = anchor.as_ref().map(|anchor| anchor.last.clone()).unwrap_or_default();
                todo.push(Todo { at, plan, seen });
            }
            Ok(_) => told(unit, if how.dry_run { "planned" } else { "unchanged" }, true),
            Err(error) => {
                told(unit, "failed", true);
                row.error = Some(error);
            }
        }
        rows.push(Settled { row, tree: worktree::row(host.name(), unit, tree) });
    }
    if !todo.is_empty() {
        let features = wants().await?;
        todo.retain(|Todo { at, .. }| {
            let still = units[*at].is_wanted(&features, host.name());
            if !still {
                told(&units[*at], "no longer wanted", true);
                let row = &mut rows[*at].row;
                (row.anchor, row.branch, row.worktree) = (None, None, None);
                row.notes.push("it was detached meanwhile; nothing was made".into());
            }
            still
        });
    }
    if !todo.is_empty() {
        apply(host, units, &lanes, how, &todo, &mut rows, told).await?;
    }
    Ok(rows)
}

/// What is to be done for the worktree `at`.
struct Todo {
    at: usize,
    plan: Plan,
    /// The newest removal of its repository that was seen.
    seen: String,
}

/// The lane of each worktree: all worktrees of a repository share one, because they share its anchor.
fn lanes(units: &[Unit]) -> Vec<u32> {
    let mut names = Vec::new();
    units
        .iter()
        .map(|unit| {
            let at = names.iter().position(|n| *n == &unit.repo.name).unwrap_or_else(|| {
                names.push(&unit.repo.name);
                names.len() - 1
            });
            u32::try_from(at).unwrap_or(u32::MAX)
        })
        .collect()
}

/// For each worktree its anchor (or why that cannot be known) and itself.
async fn observe(
    host: &dyn Host,
    units: &[Unit],
    lanes: &[u32],
    how: How<'_>,
) -> Result<Vec<(Result<Anchor>, Tree)>> {
    let mut steps = Vec::new();
    let mut first: Vec<Option<usize>> = vec![None; units.len()];
    for (unit, lane) in units.iter().zip(lanes) {
        let anchor = &mut first[*lane as usize];
        if anchor.is_none() {
            *anchor = Some(steps.len());
            steps.push(Step { script: anchor::observe(&unit.repo, how.root, how.dry_run), lane: *lane });
        }
    }
    let trees = steps.len();
    let looks = units.iter().zip(lanes);
    steps.extend(looks.map(|(u, lane)| Step { script: tree::observe(u, how.root), lane: *lane }));
    let outputs = ask(host, steps, how.jobs).await?;
    let of_lane = |lane: u32| {
        let output = &outputs[first[lane as usize].unwrap_or(0)];
        if output.status == 0 { Ok(anchor::parse(&output.stdout)) } else { Err(failure(output)) }
    };
    let trees = outputs[trees..].iter().map(|output| tree::parse(&output.stdout));
    Ok(lanes.iter().map(|lane| of_lane(*lane)).zip(trees).collect())
}

async fn apply(
    host: &dyn Host,
    units: &[Unit],
    lanes: &[u32],
    how: How<'_>,
    todo: &[Todo],
    rows: &mut [Settled],
    told: Told<'_>,
) -> Result<()> {
    let mut steps = Vec::new();
    let mut clones: Vec<Option<usize>> = vec![None; units.len()];
    for Todo { at, plan, seen } in todo {
        let clone = &mut clones[lanes[*at] as usize];
        if plan.anchor == AnchorChange::Created && clone.is_none() {
            *clone = Some(steps.len());
            steps.push(Step { script: anchor::clone(&units[*at].repo, how.root, seen), lane: lanes[*at] });
        }
        let word = if plan.anchor == AnchorChange::Created { "cloning" } else { "making it" };
        told(&units[*at], word, false);
    }
    let makes = steps.len();
    for Todo { at, plan, seen } in todo {
        if let Some(make) = plan.make {
            steps.push(Step { script: tree::make(&units[*at], how.root, make, seen), lane: lanes[*at] });
        }
    }
    let outputs = ask(host, steps, how.jobs).await?;
    for (Todo { at, plan, .. }, made) in todo.iter().zip(&outputs[makes..]) {
        let clone = clones[lanes[*at] as usize].map(|step| &outputs[step]);
        let unit = &units[*at];
        let tree = tree::parse(&made.stdout);
        let row = settled(unit, plan, clone, made, &tree);
        rows[*at] = Settled { row, tree: worktree::row(host.name(), unit, &tree) };
        told(unit, if rows[*at].row.error.is_some() { "failed" } else { "done" }, true);
    }
    Ok(())
}

/// The row of a worktree after its steps. What happened counts, not what was planned: somebody
/// else may have been faster.
fn settled(unit: &Unit, plan: &Plan, clone: Option<&Output>, made: &Output, tree: &Tree) -> SyncRepo {
    let mut row = plan::row(unit, Some(plan), tree);
    if let Some(failed) = clone.filter(|output| output.status != 0) {
        (row.anchor, row.branch, row.worktree) = (None, None, None);
        row.error = Some(failure(failed));
        return row;
    }
    if clone.is_some_and(|output| output.stdout.starts_with("unchanged")) {
        row.anchor = Some(AnchorChange::Unchanged);
    }
    row.branch = Some(match tree.branch_made.as_deref() {
        Some("tracked") => BranchChange::Tracked,
        Some(_) => BranchChange::Created,
        None => BranchChange::Unchanged,
    });
    if !tree.worktree_made {
        row.worktree = Some(WorktreeChange::Unchanged);
    }
    if made.status != 0 || !tree.is_there() {
        row.worktree = None;
        row.error = Some(if made.status == 0 { plan::foreign(tree) } else { failure(made) });
    }
    row
}

async fn ask(host: &dyn Host, steps: Vec<Step>, jobs: usize) -> Result<Vec<Output>> {
    let wanted = steps.len();
    let outputs = host.steps(steps, jobs).await?;
    if outputs.len() == wanted { Ok(outputs) } else { Err(Error::internal("a step without an answer")) }
}
