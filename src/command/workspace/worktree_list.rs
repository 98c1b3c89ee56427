//! `worktree list`

use serde::{Deserialize, Serialize};

use super::wanted::wanted;
use crate::command::args::{HostPick, Hosts};
use crate::engine::fan::{fan, verdict};
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::{Error, Result};
use crate::model::FeatureName;
use crate::model::workspace::Worktree;
use crate::workspace::worktree;

/// List the worktrees of all hosts as they are now: ahead, behind, dirty, stashed, last commit.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct WorktreeList {
    /// Only those of this feature.
    #[serde(default)]
    pub feature: Option<FeatureName>,
    /// Only these hosts.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for WorktreeList {
    const TOUCH: Touch = Touch::Reads;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Worktree>;

    async fn run(mut self, cx: &Ctx) -> Result<Done<Vec<Worktree>>> {
        let features = match &self.feature {
            Some(name) => vec![cx.store.feature(name).await?],
            None => cx.store.features().await?,
        };
        if self.hosts.is_empty() {
            self.hosts.hosts.push(HostPick::All);
        }
        let hosts = self.hosts.resolve(cx, &[]).await?;
        let wanted = wanted(cx, &features, &hosts).await?;
        let asked: Vec<_> = wanted.iter().map(|w| w.host.clone()).collect();
        let answers = fan(cx, &asked, |machine| {
            let here = wanted.iter().find(|w| w.host.name == *machine.name());
            async move {
                let here = here.ok_or_else(|| Error::internal("a host that was not asked"))?;
                worktree::list(machine.as_ref(), here.host.root.as_deref(), &here.units, cx.options.jobs)
                    .await
            }
        });
        let (mut rows, mut seen, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for (answer, wanted) in answers.await.into_iter().zip(&wanted) {
            match answer.result {
                Ok(trees) => {
                    seen.extend(trees.iter().cloned());
                    rows.extend(trees);
                }
                Err(error) => {
                    rows.extend(wanted.units.iter().map(|unit| Worktree {
                        error: Some(error.clone()),
                        ..worktree::unknown(unit, &wanted.host.name)
                    }));
                    failures.push((wanted.host.name.to_string(), error));
                }
            }
        }
        cx.store.save_worktrees(seen).await?;
        rows.sort_by(|a, b| (&a.feature, &a.repo, &a.host).cmp(&(&b.feature, &b.repo, &b.host)));
        let error = verdict(failures.iter().map(|(host, error)| (host.as_str(), error)));
        Ok(Done::with(rows, error))
    }
}
