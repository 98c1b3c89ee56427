//! `host discover`

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::command::args::{HostPick, Hosts};
use crate::engine::fan::{fan, verdict};
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::{Error, Result};
use crate::model::workspace::{Feature, Repo, RepoOptions};
use crate::model::{FeatureName, HostName, RepoName};
use crate::workspace::discover::{self, Found, FoundFeature, FoundRepo};
use crate::workspace::names::{check_branch, check_url};

/// Find anchors and worktrees that lie on hosts already, and take them in. Nothing on a host is changed.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct HostDiscover {
    /// The hosts [default: all].
    #[serde(default)]
    pub names: Vec<HostName>,
    /// The same as an option.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Discovered {
    /// Repositories that are there.
    pub repos: BTreeSet<RepoName>,
    /// Features that are there.
    pub features: BTreeSet<FeatureName>,
    /// Repositories that were not known before.
    pub new_repos: BTreeSet<RepoName>,
    /// Features that were not known before.
    pub new_features: BTreeSet<FeatureName>,
    /// Worktrees that were not known before.
    pub attached: Vec<Attached>,
}

/// A worktree that was taken in.
#[derive(Debug, Serialize)]
pub struct Attached {
    /// Its feature.
    pub feature: FeatureName,
    /// Its repository.
    pub repo: RepoName,
    /// Its host.
    pub host: HostName,
}

impl Command for HostDiscover {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Discovered;

    async fn run(self, cx: &Ctx) -> Result<Done<Discovered>> {
        let mut picks = self.hosts;
        picks.hosts.extend(self.names.into_iter().map(HostPick::One));
        if picks.is_empty() {
            picks.hosts.push(HostPick::All);
        }
        let hosts = picks.resolve(cx, &[]).await?;
        let answers = fan(cx, &hosts, |machine| {
            let root = hosts.iter().find(|h| h.name == *machine.name()).and_then(|h| h.root.as_deref());
            async move { discover::discover(machine.as_ref(), root).await }
        });
        let mut all = Discovered::default();
        let mut failures = Vec::new();
        for answer in answers.await {
            match answer.result {
                Ok(found) => merge(cx, &answer.host.name, found, &mut all).await?,
                Err(error) => failures.push((answer.host.name.to_string(), error)),
            }
        }
        let error = verdict(failures.iter().map(|(host, error)| (host.as_str(), error)));
        Ok(Done::with(all, error))
    }
}

/// Takes in what one host has. What is known stays as it is; what cannot be taken in is told.
async fn merge(cx: &Ctx, host: &HostName, found: Found, all: &mut Discovered) -> Result<()> {
    for repo in found.repos {
        let name = repo.name.clone();
        match take_repo(cx, repo, all).await {
            Ok(()) => drop(all.repos.insert(name)),
            Err(error) => warn(cx, host, name.as_str(), &error).await,
        }
    }
    for feature in found.features {
        take_feature(cx, host, feature, all).await?;
    }
    Ok(())
}

async fn take_repo(cx: &Ctx, found: FoundRepo, all: &mut Discovered) -> Result<()> {
    let known = cx.store.repos().await?.into_iter().find(|repo| repo.name == found.name);
    match (known, found.url) {
        (Some(known), Some(url)) if known.url != url => {
            Err(Error::conflict(format!("it is a clone of `{url}`, and here of `{}`", known.url)))
        }
        (Some(_), _) => Ok(()),
        (None, None) => Err(Error::not_found("it does not say where it was cloned from")),
        (None, Some(url)) => {
            if all.new_repos.contains(&found.name) {
                return Ok(());
            }
            check_url(&url)?;
            all.new_repos.insert(found.name.clone());
            if !cx.options.dry_run {
                cx.store
                    .add_repo(Repo { name: found.name, url, base: None, options: RepoOptions::default() })
                    .await?;
            }
            Ok(())
        }
    }
}

async fn take_feature(cx: &Ctx, host: &HostName, found: FoundFeature, all: &mut Discovered) -> Result<()> {
    let known = cx.store.features().await?.into_iter().find(|feature| feature.name == found.name);
    let attached: Vec<RepoName> = match &known {
        Some(known) => {
            let here = known.repos.iter().filter(|a| a.hosts.contains(host));
            here.map(|a| a.repo.clone()).collect()
        }
        None => {
            let usual = format!("feat/{}", found.name);
            let branch = found.branch.clone().filter(|branch| check_branch(branch).is_ok()).unwrap_or(usual);
            let feature = Feature { name: found.name.clone(), branch, base: None, repos: Vec::new() };
            if all.new_features.insert(found.name.clone()) && !cx.options.dry_run {
                cx.store.add_feature(feature).await?;
            }
            Vec::new()
        }
    };
    if let (Some(known), Some(branch)) =
        (&known, found.branch.as_ref().filter(|b| known.as_ref().is_some_and(|k| k.branch != **b)))
    {
        let text = format!("has `{branch}` checked out instead of `{}`", known.branch);
        warn(cx, host, found.name.as_str(), &Error::conflict(text)).await;
    }
    for repo in found.repos.into_iter().filter(|repo| all.repos.contains(repo) && !attached.contains(repo)) {
        if !cx.options.dry_run {
            cx.store.attach(&found.name, &repo, std::slice::from_ref(host)).await?;
        }
        all.attached.push(Attached { feature: found.name.clone(), repo, host: host.clone() });
    }
    all.features.insert(found.name);
    Ok(())
}

async fn warn(cx: &Ctx, host: &HostName, what: &str, error: &Error) {
    cx.emit.notice(Level::Warn, format!("{host}: `{what}`: {}", error.message)).await;
}
