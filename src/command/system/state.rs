//! The bundle of `state export` and `state import`.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::config::{Settings, layers};
use crate::error::{Error, Result};
use crate::model::Time;
use crate::model::host::Host;
use crate::model::workspace::{Feature, Repo};
use crate::store::State;

/// What says that a file is one of ours.
pub(super) const KIND: &str = "session-forge-state";

/// Hosts, repositories, features and settings as one document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bundle {
    pub(super) kind: String,
    pub(super) version: u32,
    pub(super) exported: Time,
    /// Every host but this machine.
    pub(super) hosts: Vec<Host>,
    pub(super) repos: Vec<Repo>,
    pub(super) features: Vec<Feature>,
    /// What the user has set; `None` leaves the settings alone.
    #[serde(default)]
    pub(super) settings: Option<Table>,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counts {
    /// Hosts, without this machine.
    pub hosts: usize,
    /// Repositories.
    pub repos: usize,
    /// Features.
    pub features: usize,
}

impl Bundle {
    pub(super) const fn counts(&self) -> Counts {
        Counts { hosts: self.hosts.len(), repos: self.repos.len(), features: self.features.len() }
    }

    pub(super) fn state(&self) -> State {
        State { hosts: self.hosts.clone(), repos: self.repos.clone(), features: self.features.clone() }
    }

    /// Reads a bundle and checks all of it.
    ///
    /// # Errors
    /// `usage` with what is wrong; `unsupported` for one of a newer sf.
    #[cfg(test)]
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|e| Error::usage(format!("no JSON: {e}")))?;
        Self::of(value)
    }

    /// The same of a document that was read already.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub(super) fn of(value: serde_json::Value) -> Result<Self> {
        if value["kind"] != KIND {
            return Err(Error::usage("no bundle of `sf state export`")
                .hint("of session-forge 0.1.x, its bundle and its folder `~/.sf` can be read, too"));
        }
        if value["version"].as_u64().is_none_or(|version| version > 1) {
            return Err(Error::unsupported("the bundle is of a newer sf"));
        }
        let bundle: Self = serde_json::from_value(value).map_err(|e| Error::usage(e.to_string()))?;
        bundle.check()?;
        Ok(bundle)
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// `usage` with what is wrong.
    pub(super) fn check(&self) -> Result<()> {
        use crate::fleet::check_target;
        use crate::workspace::names::{check_branch, check_url};
        for host in &self.hosts {
            check_target(&host.target)?;
            if host.name.is_local()
                || host.root.as_deref().is_some_and(|r| r.is_empty() || r.chars().any(char::is_control))
            {
                return Err(Error::usage(format!("host `{}` is not a host to add", host.name)));
            }
        }
        for repo in &self.repos {
            check_url(&repo.url)?;
            repo.base.as_deref().map_or(Ok(()), check_branch)?;
            crate::workspace::setup::check(&repo.options)?;
        }
        for feature in &self.features {
            check_branch(&feature.branch)?;
            feature.base.as_deref().map_or(Ok(()), check_branch)?;
        }
        twice(self.hosts.iter().map(|h| h.name.as_str()))?;
        twice(self.repos.iter().map(|r| r.name.as_str()))?;
        twice(self.features.iter().map(|f| f.name.as_str()))?;
        self.settings.as_ref().map_or(Ok(()), check_settings)
    }
}

fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::usage(format!("`{name}` stands in the bundle twice")));
        }
    }
    Ok(())
}

fn check_settings(user: &Table) -> Result<()> {
    let mut all = Table::try_from(Settings::built_in())
        .map_err(|e| Error::internal(format!("the settings cannot be written: {e}")))?;
    let known = layers::leaves(&all);
    for (key, value) in layers::leaves(user) {
        if !known.contains_key(&key) {
            return Err(Error::usage(format!("no setting is called `{key}`")));
        }
        layers::put(&mut all, &key, value);
    }
    Value::Table(all)
        .try_into::<Settings>()
        .map(drop)
        .map_err(|e| Error::usage(format!("settings: {}", e.message())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_fit_is_refused_whole() {
        let good = serde_json::json!({
            "kind": KIND, "version": 1, "exported": "2026-01-01T00:00:00.000Z",
            "hosts": [{ "name": "a", "target": "a", "root": null }],
            "repos": [{ "name": "core", "url": "/srv/core", "base": null }],
            "features": [], "settings": { "jobs": 4 },
        });
        let read = |value: &serde_json::Value| Bundle::read(value.to_string().as_bytes());
        assert_eq!(read(&good).expect("fine").counts().hosts, 1);
        for (pointer, bad) in [
            ("/kind", serde_json::json!("x")),
            ("/version", serde_json::json!(2)),
            ("/hosts/0/target", serde_json::json!("-oProxyCommand=x")),
            ("/hosts/0/name", serde_json::json!("../x")),
            ("/repos/0/url", serde_json::json!("ext::sh")),
            ("/settings/jobs", serde_json::json!("many")),
        ] {
            let mut value = good.clone();
            *value.pointer_mut(pointer).expect("there") = bad;
            assert!(read(&value).is_err(), "{pointer}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Bundle::read(&bytes);
        }
    }
}
