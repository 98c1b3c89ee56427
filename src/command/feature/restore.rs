//! `feature restore`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::command::args::{HostPick, Hosts};
use crate::command::workspace::removing::{alone, data_dir};
use crate::engine::fan::{Fanned, fan, verdict};
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::{Code, Error, Result};
use crate::fleet;
use crate::model::workspace::Feature;
use crate::model::{FeatureName, HostName, RepoName, host};
use crate::workspace::Unit;
use crate::workspace::removal::{self, About, Restored, Trash, Where, restore, trash};

/// Bring back what `feature destroy`, `detach` or `repo remove` took: commits, files, stashes.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct FeatureRestore {
    /// The feature.
    pub name: FeatureName,
    /// Only from the trash of these hosts; all by default.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

/// What came back.
#[derive(Debug, Default, Serialize)]
pub struct Back {
    /// The feature.
    pub feature: Option<Feature>,
    /// Its worktrees that came back.
    pub restored: Vec<Row>,
}

/// A worktree that came back, or did not.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The host.
    pub host: HostName,
    /// The repository.
    pub repo: RepoName,
    /// Where the worktree is.
    pub path: Option<String>,
    /// The entry of the host's trash.
    pub trash: String,
    /// What is not as it was, in words.
    pub notes: Vec<String>,
    /// Why it did not come back.
    pub error: Option<Error>,
}

impl Command for FeatureRestore {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Back;

    async fn run(mut self, cx: &Ctx) -> Result<Done<Back>> {
        if self.hosts.is_empty() {
            self.hosts.hosts.push(HostPick::All);
        }
        let hosts = self.hosts.resolve(cx, &[]).await?;
        let name = &self.name;
        let known: Vec<HostName> = cx.store.hosts().await?.into_iter().map(|(host, _)| host.name).collect();
        let known = &known;
        let looked = fan(cx, &hosts, |machine| {
            let root = hosts.iter().find(|host| host.name == *machine.name()).and_then(|h| h.root.as_deref());
            async move {
                let data = data_dir(cx, machine.name());
                let Trash { mut entries, newest } =
                    trash(machine.as_ref(), Where { root, data: &data, jobs: 1 }).await?;
                // A machine that has two names brings everything back under the one that it was removed by.
                let elsewhere = |about: &About| {
                    about.host.as_ref().is_some_and(|h| h != machine.name() && known.contains(h))
                };
                entries.retain(|(_, about)| about.feature.as_ref() == Some(name) && !elsewhere(about));
                Ok(found(entries, &newest))
            }
        });
        let (mut failures, mut places) = (Vec::new(), Vec::new());
        for Fanned { host, result } in looked.await {
            match result {
                Ok(found) if found.is_empty() => {}
                Ok(found) => places.push((host, found)),
                Err(error) => failures.push((host.name.to_string(), error)),
            }
        }
        if places.is_empty() {
            let error = verdict(failures.iter().map(|(host, error)| (host.as_str(), error)));
            return Err(error.unwrap_or_else(|| {
                Error::not_found(format!("no trash holds anything of a feature `{}`", self.name))
            }));
        }
        let mut back = Back::default();
        if cx.options.dry_run {
            for (host, found) in places {
                back.restored.extend(found.iter().map(|found| row(&host.name, found)));
            }
        } else {
            let feature = self.remember(cx, &places).await?;
            self.bring(cx, &feature, places, &mut back, &mut failures).await?;
            back.feature = Some(cx.store.feature(&self.name).await?);
        }
        let error = verdict(failures.iter().map(|(place, error)| (place.as_str(), error)));
        Ok(Done::with(back, error))
    }
}

/// An entry that is to be brought back.
struct Found {
    entry: String,
    about: About,
    /// The newest removal of its repository that was seen.
    seen: String,
}

/// Of each repository the entry that was made last; older ones stay in the trash.
fn found(entries: Vec<(String, About)>, newest: &BTreeMap<String, String>) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::new();
    for (entry, about) in entries {
        kept.retain(|other| other.about.repo.name != about.repo.name);
        let seen = newest.get(about.repo.name.as_str()).cloned().unwrap_or_default();
        kept.push(Found { entry, about, seen });
    }
    kept
}

fn row(host: &HostName, found: &Found) -> Row {
    Row {
        host: host.clone(),
        repo: found.about.repo.name.clone(),
        path: None,
        trash: found.entry.clone(),
        notes: Vec::new(),
        error: None,
    }
}

type Places = Vec<(host::Host, Vec<Found>)>;

impl FeatureRestore {
    /// Makes the feature and its repositories known again, as the newest entry has them.
    async fn remember(&self, cx: &Ctx, places: &Places) -> Result<Feature> {
        let known = match cx.store.feature(&self.name).await {
            Ok(feature) => Some(feature),
            Err(error) if error.code == Code::NotFound => None,
            Err(error) => return Err(error),
        };
        let feature = match known {
            Some(feature) => feature,
            None => {
                let newest = places.iter().flat_map(|(_, found)| found).max_by_key(|found| found.about.at);
                let about = newest.map(|found| &found.about);
                let branch = about.and_then(|a| a.branch.clone());
                let feature = Feature {
                    name: self.name.clone(),
                    branch: branch.unwrap_or_else(|| format!("feat/{}", self.name)),
                    base: about.and_then(|a| a.base.clone()),
                    repos: Vec::new(),
                };
                cx.store.add_feature(feature.clone()).await?;
                feature
            }
        };
        let repos = cx.store.repos().await?;
        for Found { about, .. } in places.iter().flat_map(|(_, found)| found) {
            match repos.iter().find(|repo| repo.name == about.repo.name) {
                None => drop(cx.store.add_repo(about.repo.clone()).await?),
                Some(repo) if repo.url != about.repo.url => {
                    return Err(Error::conflict(format!(
                        "repository `{}` is `{}` now, and was `{}`",
                        repo.name, repo.url, about.repo.url
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(feature)
    }

    async fn bring(
        &self,
        cx: &Ctx,
        feature: &Feature,
        places: Places,
        back: &mut Back,
        failures: &mut Vec<(String, Error)>,
    ) -> Result<()> {
        let hosts: Vec<_> = places.iter().map(|(host, _)| host.clone()).collect();
        let answers = fan(cx, &hosts, |machine| {
            let here = places.iter().find(|(host, _)| host.name == *machine.name());
            async move {
                let Some((host, found)) = here else { return Ok(Vec::new()) };
                self.bring_to(cx, feature, machine.as_ref(), host, found).await
            }
        });
        for (Fanned { host, result }, (_, found)) in answers.await.into_iter().zip(&places) {
            let results = match result {
                Ok(results) => results,
                Err(error) => found.iter().map(|_| Err(error.clone())).collect(),
            };
            for (found, result) in found.iter().zip(results) {
                let mut row = row(&host.name, found);
                match result {
                    Ok(restored) => {
                        (row.path, row.notes) = (restored.path, restored.notes);
                        for note in &row.notes {
                            cx.emit.notice(Level::Warn, format!("{} {}: {note}", row.host, row.repo)).await;
                        }
                    }
                    Err(error) => {
                        failures.push((format!("{} {}", host.name, row.repo), error.clone()));
                        row.error = Some(error);
                    }
                }
                cx.emit.item(&row).await;
                back.restored.push(row);
            }
        }
        Ok(())
    }

    /// One host. What is brought back is wanted before it is there: one that is back and that nobody
    /// knows of would be the worse end.
    async fn bring_to(
        &self,
        cx: &Ctx,
        feature: &Feature,
        machine: &dyn fleet::Host,
        host: &host::Host,
        found: &[Found],
    ) -> Result<Vec<Result<Restored>>> {
        let _alone = alone(cx, &host.name).await?;
        let mut new = Vec::new();
        for Found { about, .. } in found {
            let repo = &about.repo.name;
            if cx.store.attach(&self.name, repo, std::slice::from_ref(&host.name)).await? > 0 {
                new.push((self.name.clone(), repo.clone(), host.name.clone()));
            }
        }
        let wanted = found.iter().map(|Found { entry, about, seen }| {
            let branch = about.branch.clone().unwrap_or_else(|| feature.branch.clone());
            let feature = Feature { branch, base: about.base.clone(), ..feature.clone() };
            removal::Back { entry: entry.clone(), unit: Unit::new(&feature, &about.repo), seen: seen.clone() }
        });
        let data = data_dir(cx, machine.name());
        let at = Where { root: host.root.as_deref(), data: &data, jobs: cx.options.jobs };
        // When the link breaks, nobody knows how far it came: then all of it stays wanted.
        let answers = restore(machine, at, &wanted.collect::<Vec<_>>()).await?;
        let results: Vec<_> = answers.into_iter().map(|answer| answer.and_then(vacant)).collect();
        let back = found.iter().zip(&results).filter(|(_, result)| result.is_ok());
        for (Found { about, .. }, _) in back {
            new.retain(|(_, repo, _)| *repo != about.repo.name);
        }
        cx.store.detach(new).await?;
        Ok(results)
    }
}

fn vacant(restored: Restored) -> Result<Restored> {
    if !restored.occupied {
        return Ok(restored);
    }
    let path = restored.path.as_deref().unwrap_or("its place");
    Err(Error::conflict(format!("`{path}` is there already")).hint("move it away, and restore again"))
}
