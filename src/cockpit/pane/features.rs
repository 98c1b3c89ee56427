//! Features as a tree: below each its worktrees, with what git says of them.

use std::collections::BTreeSet;

use super::{Filter, Paint};
use crate::cockpit::list::Item;
use crate::cockpit::subject::Subject;
use crate::cockpit::table::{Cell, Column};
use crate::cockpit::text;
use crate::config::theme::Role;
use crate::model::snapshot::Snapshot;
use crate::model::workspace::{Feature, Worktree};
use crate::model::{FeatureName, HostName, RepoName};

pub(super) const COLUMNS: &[Column] =
    &[Column::new().grows(), Column::new(), Column::new().rank(2), Column::new().right().rank(1)];

pub(super) fn items(data: &Snapshot, folded: &BTreeSet<FeatureName>, filter: &Filter) -> Vec<Item> {
    let mut items = Vec::new();
    for (i, feature) in data.features.iter().enumerate() {
        let below: Vec<Item> = places(feature)
            .filter(|place| filter.lets(&place.0))
            .map(|(_, subject)| item(data, subject))
            .collect();
        if below.is_empty() && !filter.lets(feature.name.as_str()) {
            continue;
        }
        items.push(Item { subject: Subject::Feature(feature.name.clone()), index: Some(i) });
        // What a filter found is shown, folded or not.
        if !folded.contains(&feature.name) || !filter.is_empty() {
            items.extend(below);
        }
    }
    items
}

/// Every worktree that a feature should have, with the text that a filter looks at.
fn places(feature: &Feature) -> impl Iterator<Item = (String, Subject)> {
    feature.repos.iter().flatten_hosts().map(|(repo, host)| {
        let text = format!("{} {repo} {host}", feature.name);
        (text, Subject::Worktree(feature.name.clone(), repo.clone(), host.clone()))
    })
}

trait FlattenHosts<'a> {
    fn flatten_hosts(self) -> impl Iterator<Item = (&'a RepoName, &'a HostName)>;
}

impl<'a, I: Iterator<Item = &'a crate::model::workspace::Attachment>> FlattenHosts<'a> for I {
    fn flatten_hosts(self) -> impl Iterator<Item = (&'a RepoName, &'a HostName)> {
        self.flat_map(|at| at.hosts.iter().map(move |host| (&at.repo, host)))
    }
}

fn item(data: &Snapshot, subject: Subject) -> Item {
    let index = match &subject {
        Subject::Worktree(feature, repo, host) => {
            data.worktrees.iter().position(|w| w.feature == *feature && w.repo == *repo && w.host == *host)
        }
        _ => None,
    };
    Item { subject, index }
}

pub(super) fn row(paint: &Paint, data: &Snapshot, item: &Item) -> Vec<Cell> {
    match &item.subject {
        Subject::Feature(name) => {
            let feature = item.index.and_then(|i| data.features.get(i));
            let empty = feature.is_none_or(|f| f.repos.is_empty());
            let sign = match (empty, paint.state.folded.contains(name)) {
                (true, _) => "· ",
                (false, true) => "▸ ",
                (false, false) => "▾ ",
            };
            let mut cell = paint.cell(sign, Role::Dim);
            cell.extend(paint.cell(name.to_string(), Role::Feature));
            let branch = feature.filter(|_| paint.roomy).map_or(String::new(), |f| text::clean(&f.branch));
            vec![cell, Vec::new(), paint.cell(branch, Role::Dim), Vec::new()]
        }
        Subject::Worktree(_, repo, host) => {
            let worktree = item.index.and_then(|i| data.worktrees.get(i));
            let commit = worktree.filter(|_| paint.roomy).and_then(|w| w.last_commit.as_deref());
            vec![
                paint.cell(format!("  {repo}"), Role::Text),
                paint.cell(host.to_string(), Role::Dim),
                paint.foreign(&text::fit(commit.unwrap_or_default(), 48), Role::Dim),
                marks(worktree).into_iter().map(|(t, role)| (t, paint.skin.get(role))).collect(),
            ]
        }
        _ => Vec::new(),
    }
}

/// What git says of a worktree, in signs: `↑2 ↓1 ✎3`, `✓` for nothing.
pub fn marks(worktree: Option<&Worktree>) -> Vec<(String, Role)> {
    let Some(tree) = worktree else { return vec![("·".into(), Role::Dim)] };
    if tree.error.is_some() {
        return vec![("error".into(), Role::Error)];
    }
    if !tree.present {
        return vec![("not made".into(), Role::Dim)];
    }
    let counts = [
        (tree.ahead, "↑", Role::WorktreeAhead),
        (tree.behind, "↓", Role::WorktreeBehind),
        (tree.dirty, "✎", Role::WorktreeDirty),
    ];
    let mut marks: Vec<(String, Role)> = Vec::new();
    for (count, sign, role) in counts {
        if let Some(n) = count.filter(|n| *n > 0) {
            let gap = if marks.is_empty() { "" } else { " " };
            marks.push((format!("{gap}{sign}{n}"), role));
        }
    }
    match (marks.is_empty(), tree.dirty) {
        (false, _) => marks,
        (true, Some(_)) => vec![("✓".into(), Role::WorktreeClean)],
        (true, None) => vec![("·".into(), Role::Dim)],
    }
}
