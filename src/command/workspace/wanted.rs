//! Which worktrees are wanted where: what `sync` and `worktree list` go by.

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::model::host::Host;
use crate::model::workspace::Feature;
use crate::workspace::Unit;

/// The wanted worktrees of one host.
pub(super) struct Wanted {
    pub(super) host: Host,
    pub(super) units: Vec<Unit>,
}

/// The wanted worktrees of some features on some hosts, by host.
///
/// # Errors
/// Those of the store; `corrupt` when an attachment names what is gone.
pub(super) async fn wanted(cx: &Ctx, features: &[Feature], hosts: &[Host]) -> Result<Vec<Wanted>> {
    let repos = cx.store.repos().await?;
    let mut all: Vec<Wanted> = hosts.iter().map(|h| Wanted { host: h.clone(), units: Vec::new() }).collect();
    for feature in features {
        for attached in &feature.repos {
            let repo = repos.iter().find(|repo| repo.name == attached.repo).ok_or_else(|| {
                Error::corrupt(format!(
                    "feature `{}` names the unknown repository `{}`",
                    feature.name, attached.repo
                ))
            })?;
            for here in all.iter_mut().filter(|wanted| attached.hosts.contains(&wanted.host.name)) {
                here.units.push(Unit::new(feature, repo));
            }
        }
    }
    all.retain(|wanted| !wanted.units.is_empty());
    Ok(all)
}
