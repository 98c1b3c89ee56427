//! `repo remove`

use serde::{Deserialize, Serialize};

use crate::command::workspace::removing::{self, Wanted};
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::Result;
use crate::model::RepoName;
use crate::model::removal::Removal;
use crate::model::workspace::Feature;
use crate::workspace::Unit;
use crate::workspace::removal::Target;

/// Remove a repository: its worktrees in all features and its clones; refuses while anything would be lost.
///
/// The clones go into the trash of their hosts; with --force so does everything else.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct RepoRemove {
    /// The repository.
    pub name: RepoName,
    /// Also what is uncommitted, unpushed or running: it is kept in a trash.
    #[arg(long)]
    #[serde(default)]
    pub force: bool,
}

impl Command for RepoRemove {
    const TOUCH: Touch = Touch::Destroys;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Removal;

    fn asks(&self) -> Option<String> {
        Some(format!("Remove repository `{}` with its worktrees and clones on all hosts?", self.name))
    }

    async fn plan(&self, cx: &Ctx) -> Result<Vec<String>> {
        let Goes { features, trees, anchors } = self.goes(cx).await?;
        let mut lines = removing::plan(cx, &features, &trees, self.force).await?;
        for Wanted { host, optional, .. } in anchors {
            let there = if optional { ", if there is one" } else { "" };
            lines.push(format!("{} {}.anchor: the clone goes{there}", host.name, self.name));
        }
        Ok(lines)
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Removal>> {
        let Goes { features, trees, anchors } = self.goes(cx).await?;
        // Clones only once no worktree needs them.
        let mut done = removing::remove(cx, &features, &trees, self.force).await?;
        if done.error.is_none() && (!cx.options.dry_run || done.value.removed.is_empty()) {
            let clones = removing::remove(cx, &features, &anchors, self.force).await?;
            done.value.removed.extend(clones.value.removed);
            done.value.kept.extend(clones.value.kept);
            done.error = clones.error;
        }
        if !cx.options.dry_run && done.error.is_none() && !cx.store.remove_repo(&self.name).await? {
            let text = format!("`{}` was attached to something meanwhile; the repository stays", self.name);
            cx.emit.notice(Level::Warn, text).await;
        }
        Ok(done)
    }
}

/// What is to go.
struct Goes {
    features: Vec<Feature>,
    trees: Vec<Wanted>,
    anchors: Vec<Wanted>,
}

impl RepoRemove {
    async fn goes(&self, cx: &Ctx) -> Result<Goes> {
        let repo = cx.store.repo(&self.name).await?;
        let features = cx.store.features().await?;
        let mut trees: Vec<Wanted> = Vec::new();
        let mut anchors = Vec::new();
        for (host, _) in cx.store.hosts().await? {
            let here =
                |f: &&Feature| f.repos.iter().any(|a| a.repo == self.name && a.hosts.contains(&host.name));
            let targets: Vec<Target> =
                features.iter().filter(here).map(|f| Target::Tree(Unit::new(f, &repo))).collect();
            // Only where it is attached must a host answer; elsewhere an old clone may lie.
            let optional = targets.is_empty();
            anchors.push(Wanted {
                host: host.clone(),
                targets: vec![Target::Anchor(repo.clone())],
                optional,
            });
            if !optional {
                trees.push(Wanted { host, targets, optional });
            }
        }
        Ok(Goes { features, trees, anchors })
    }
}
