//! One worktree, named on the command line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{Ctx, Done};
use crate::error::{Error, Result};
use crate::fleet::Host;
use crate::model::workspace::{Feature, Repo};
use crate::model::{FeatureName, HostName, RepoName};
use crate::workspace::Unit;

/// A worktree: what is looked at, or worked in.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct One {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// The host [default: this machine, else the only one that has it].
    #[arg(long, value_name = "NAME")]
    #[serde(default)]
    pub host: Option<HostName>,
}

/// What is said of a worktree, and of which.
#[derive(Debug, Serialize)]
pub struct Told<T> {
    /// The feature.
    pub feature: FeatureName,
    /// The repository.
    pub repo: RepoName,
    /// The host.
    pub host: HostName,
    /// What.
    #[serde(flatten)]
    pub what: T,
}

/// A worktree and its host.
pub(super) struct Opened {
    pub machine: Arc<dyn Host>,
    pub root: Option<String>,
    pub unit: Unit,
    host: HostName,
}

impl Opened {
    /// An answer about it.
    pub fn told<T: Serialize>(self, what: T) -> Done<Told<T>> {
        Told { feature: self.unit.feature, repo: self.unit.repo.name, host: self.host, what }.into()
    }
}

impl One {
    /// Goes to it.
    ///
    /// # Errors
    /// `not_found` when there is no such worktree; those of the link.
    pub(super) async fn open(&self, cx: &Ctx) -> Result<Opened> {
        let (feature, repo, host) = self.find(cx).await?;
        let root = cx.store.host(&host).await?.root;
        let machine = cx.host(&host).await?;
        Ok(Opened { machine, root, unit: Unit::new(&feature, &repo), host })
    }

    /// Its feature and repository, and the host that it is on.
    ///
    /// # Errors
    /// `not_found` when there is none there.
    pub async fn find(&self, cx: &Ctx) -> Result<(Feature, Repo, HostName)> {
        let feature = cx.store.feature(&self.feature).await?;
        let repo = cx.store.repo(&self.repo).await?;
        let attached = feature.repos.iter().find(|a| a.repo == self.repo);
        let hosts = attached.map(|a| a.hosts.clone()).unwrap_or_default();
        let host = match (&self.host, hosts.as_slice()) {
            (Some(host), _) => host.clone(),
            (None, [only]) => only.clone(),
            (None, _) => HostName::local(),
        };
        if !hosts.contains(&host) {
            let text = format!(
                "repository `{}` is not attached to feature `{}` on `{host}`",
                self.repo, self.feature
            );
            return Err(Error::not_found(text)
                .hint(format!("sf attach {} {} --hosts {host}", self.feature, self.repo)));
        }
        Ok((feature, repo, host))
    }

    /// Starts a script of shell in it, as a live session.
    ///
    /// # Errors
    /// `not_found` when there is no such worktree; those of `session start`.
    pub(super) async fn start(&self, cx: &Ctx, script: &str) -> Result<Done<Value>> {
        let (feature, repo, host) = self.find(cx).await?;
        let args = json!({
            "hosts": [host], "feature": feature.name, "repo": repo.name, "command": ["sh", "-c", script],
        });
        cx.call("session start", args).await
    }
}
