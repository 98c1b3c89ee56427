//! `feature destroy`

use serde::{Deserialize, Serialize};

use crate::command::workspace::removing::{self, Wanted};
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::Result;
use crate::model::FeatureName;
use crate::model::removal::Removal;
use crate::model::workspace::Feature;
use crate::workspace::Unit;
use crate::workspace::removal::Target;

/// Remove a feature with its worktrees on all hosts; refuses while anything would be lost.
///
/// With --force everything is first kept in a trash on its host, and `feature restore` brings it
/// back.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct FeatureDestroy {
    /// The feature.
    pub name: FeatureName,
    /// Also what is uncommitted, unpushed or running: it is kept in a trash.
    #[arg(long)]
    #[serde(default)]
    pub force: bool,
}

impl Command for FeatureDestroy {
    const TOUCH: Touch = Touch::Destroys;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Removal;

    fn asks(&self) -> Option<String> {
        Some(format!("Remove feature `{}` with its worktrees on all hosts?", self.name))
    }

    async fn plan(&self, cx: &Ctx) -> Result<Vec<String>> {
        let (feature, wanted) = self.wanted(cx).await?;
        removing::plan(cx, &[feature], &wanted, self.force).await
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Removal>> {
        let (feature, wanted) = self.wanted(cx).await?;
        let done = removing::remove(cx, &[feature], &wanted, self.force).await?;
        if !cx.options.dry_run && done.error.is_none() && !cx.store.remove_feature(&self.name).await? {
            let text = format!("something was attached to `{}` meanwhile; the feature stays", self.name);
            cx.emit.notice(Level::Warn, text).await;
        }
        Ok(done)
    }
}

impl FeatureDestroy {
    /// The feature, and what is to go on each host.
    async fn wanted(&self, cx: &Ctx) -> Result<(Feature, Vec<Wanted>)> {
        let feature = cx.store.feature(&self.name).await?;
        let repos = cx.store.repos().await?;
        let mut wanted: Vec<Wanted> = Vec::new();
        for attached in &feature.repos {
            let Some(repo) = repos.iter().find(|repo| repo.name == attached.repo) else { continue };
            for name in &attached.hosts {
                let target = Target::Tree(Unit::new(&feature, repo));
                match wanted.iter_mut().find(|w| w.host.name == *name) {
                    Some(here) => here.targets.push(target),
                    None => {
                        let host = cx.store.host(name).await?;
                        wanted.push(Wanted { host, targets: vec![target], optional: false });
                    }
                }
            }
        }
        Ok((feature, wanted))
    }
}
