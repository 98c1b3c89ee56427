//! `detach`

use serde::{Deserialize, Serialize};

use super::removing::{self, Wanted};
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Touch};
use crate::error::{Error, Result};
use crate::model::removal::Removal;
use crate::model::workspace::Feature;
use crate::model::{FeatureName, HostName, RepoName};
use crate::workspace::Unit;
use crate::workspace::removal::Target;

/// Remove a repository's worktree of a feature; refuses while anything would be lost.
///
/// With --force everything is first kept in a trash on its host, and `feature restore` brings it
/// back.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Detach {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// On which hosts; this machine by default.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
    /// Also what is uncommitted, unpushed or running: it is kept in a trash.
    #[arg(long)]
    #[serde(default)]
    pub force: bool,
}

impl Command for Detach {
    const TOUCH: Touch = Touch::Destroys;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Removal;

    fn asks(&self) -> Option<String> {
        Some(format!("Remove the worktree of `{}` from feature `{}`?", self.repo, self.feature))
    }

    async fn plan(&self, cx: &Ctx) -> Result<Vec<String>> {
        let (feature, wanted) = self.wanted(cx).await?;
        removing::plan(cx, &[feature], &wanted, self.force).await
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Removal>> {
        let (feature, wanted) = self.wanted(cx).await?;
        removing::remove(cx, &[feature], &wanted, self.force).await
    }
}

impl Detach {
    /// The feature, and what is to go on each host.
    async fn wanted(&self, cx: &Ctx) -> Result<(Feature, Vec<Wanted>)> {
        let feature = cx.store.feature(&self.feature).await?;
        let repo = cx.store.repo(&self.repo).await?;
        let attached = feature.repos.iter().find(|attached| attached.repo == self.repo);
        let attached = attached.map(|a| a.hosts.clone()).unwrap_or_default();
        let mut hosts = self.hosts.resolve(cx, &[HostName::local()]).await?;
        hosts.retain(|host| attached.contains(&host.name));
        if hosts.is_empty() {
            let names: Vec<&str> = attached.iter().map(HostName::as_str).collect();
            let text = format!("`{}` is not attached to feature `{}` there", self.repo, self.feature);
            let error = Error::not_found(text);
            return Err(match names.as_slice() {
                [] => error,
                names => error.hint(format!("it is on: {}", names.join(", "))),
            });
        }
        let target = || vec![Target::Tree(Unit::new(&feature, &repo))];
        let wanted =
            hosts.into_iter().map(|host| Wanted { host, targets: target(), optional: false }).collect();
        Ok((feature, wanted))
    }
}
