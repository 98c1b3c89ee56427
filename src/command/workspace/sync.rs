//! `sync`

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};

use super::removing::alone;
use super::wanted::{Wanted, wanted};
use crate::command::args::{HostPick, Hosts};
use crate::engine::fan::{Fanned, fan_told, verdict};
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::{Error, Result};
use crate::model::FeatureName;
use crate::model::workspace::{Feature, SyncFeature, SyncHost, SyncReport};
use crate::workspace::sync::{How, Settled, sync};

/// Make anchors, branches and worktrees of features real on their hosts; never discards work.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct Sync {
    /// The features.
    #[arg(required_unless_present = "all")]
    #[serde(default)]
    pub feature: Vec<FeatureName>,
    /// Every feature.
    #[arg(long, conflicts_with = "feature")]
    #[serde(default)]
    pub all: bool,
    /// Only these of their hosts.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

impl Command for Sync {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = SyncReport;

    async fn run(mut self, cx: &Ctx) -> Result<Done<SyncReport>> {
        let features = self.features(cx).await?;
        if self.hosts.is_empty() {
            self.hosts.hosts.push(HostPick::All);
        }
        let hosts = self.hosts.resolve(cx, &[]).await?;
        let wanted = wanted(cx, &features, &hosts).await?;
        for feature in features.iter().filter(|f| !wanted.iter().any(|w| w.has(f))) {
            let text = format!("nothing of feature `{}` is attached to these hosts", feature.name);
            cx.emit.notice(Level::Warn, text).await;
        }
        let answers = ask(cx, &wanted).await;
        if !cx.options.dry_run {
            let trees = answers.iter().filter_map(|a| a.result.as_ref().ok()).flatten();
            cx.store.save_worktrees(trees.map(|settled| settled.tree.clone()).collect()).await?;
        }
        let report = SyncReport {
            features: features.iter().map(|feature| of_feature(feature, &wanted, &answers)).collect(),
        };
        let error = failure(&answers);
        Ok(Done::with(report, error))
    }
}

impl Sync {
    async fn features(&self, cx: &Ctx) -> Result<Vec<Feature>> {
        if self.all {
            return cx.store.features().await;
        }
        if self.feature.is_empty() {
            return Err(Error::usage("no feature is named").hint("name some, or say `--all`"));
        }
        let mut features: Vec<Feature> = Vec::new();
        for name in &self.feature {
            if !features.iter().any(|known| known.name == *name) {
                features.push(cx.store.feature(name).await?);
            }
        }
        Ok(features)
    }
}

impl Wanted {
    fn has(&self, feature: &Feature) -> bool {
        self.units.iter().any(|unit| unit.feature == feature.name)
    }
}

/// All hosts at once; what is told is counted in worktrees.
async fn ask(cx: &Ctx, wanted: &[Wanted]) -> Vec<Fanned<Vec<Settled>>> {
    let total = wanted.iter().map(|w| w.units.len() as u64).sum();
    let done = AtomicU64::new(0);
    let tell = |label: String, n: u64| {
        cx.emit.progress(done.fetch_add(n, Ordering::Relaxed) + n, total, label);
    };
    let hosts: Vec<_> = wanted.iter().map(|w| w.host.clone()).collect();
    let step = |machine: std::sync::Arc<dyn crate::fleet::Host>| {
        let (here, tell) = (wanted.iter().find(|w| w.host.name == *machine.name()), &tell);
        async move {
            let Some(here) = here else { return Ok(Vec::new()) };
            let (jobs, dry_run) = (cx.options.jobs, cx.options.dry_run);
            let how = How { root: here.host.root.as_deref(), jobs, dry_run };
            let told = |unit: &crate::workspace::Unit, word: &str, settled: bool| {
                let label = format!("{} {}/{}: {word}", here.host.name, unit.feature, unit.repo.name);
                tell(label, u64::from(settled));
            };
            let wants = || {
                async {
                    let _alone = alone(cx, &here.host.name).await?;
                    cx.store.features().await
                }
                .boxed()
            };
            sync(machine.as_ref(), &here.units, how, &wants, &told).await
        }
    };
    let told = |host: &crate::model::host::Host, result: &Result<Vec<Settled>>| {
        if result.is_err() {
            let missing =
                wanted.iter().find(|w| w.host.name == host.name).map_or(0, |w| w.units.len() as u64);
            tell(format!("{}: failed", host.name), missing);
        }
    };
    fan_told(cx, &hosts, step, told).await
}

fn of_feature(feature: &Feature, wanted: &[Wanted], answers: &[Fanned<Vec<Settled>>]) -> SyncFeature {
    let hosts = wanted.iter().zip(answers).filter(|(wanted, _)| wanted.has(feature));
    let hosts = hosts.map(|(wanted, answer)| {
        let repos: Vec<_> = match &answer.result {
            Ok(settled) => {
                let pairs = wanted.units.iter().zip(settled);
                let ours = pairs.filter(|(unit, _)| unit.feature == feature.name);
                ours.map(|(_, settled)| settled.row.clone()).collect()
            }
            Err(_) => Vec::new(),
        };
        let error = answer.result.as_ref().err().cloned();
        let ok = error.is_none() && repos.iter().all(|repo| repo.error.is_none());
        SyncHost { host: answer.host.name.clone(), ok, error, repos }
    });
    SyncFeature { feature: feature.name.clone(), hosts: hosts.collect() }
}

fn failure(answers: &[Fanned<Vec<Settled>>]) -> Option<Error> {
    let mut failures = Vec::new();
    for answer in answers {
        match &answer.result {
            Err(error) => failures.push((answer.host.name.to_string(), error)),
            Ok(settled) => failures.extend(settled.iter().filter_map(|settled| {
                let error = settled.row.error.as_ref()?;
                Some((format!("{} {}", answer.host.name, settled.row.repo), error))
            })),
        }
    }
    verdict(failures.iter().map(|(place, error)| (place.as_str(), *error)))
}
