//! What session-forge 0.1.x keeps, as a bundle of ours: its own bundle (`sf state export`, JSON), or its
//! folder `~/.sf` with `config.yml` and `features/*.yml`. Shapes as its version 0.1.4 writes them.
//!
//! Its hosts that are called `localhost` are this machine, its branches are `feat/<feature>`, and its
//! features always name their base. What has no place here (variables and tags of hosts, services,
//! folders inside a repository) is told, so that nobody misses it later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

use super::state::{Bundle, KIND};
use crate::error::{At, Error, Result};
use crate::model::host::Host;
use crate::model::workspace::{Attachment, Feature, Repo, RepoOptions};
use crate::model::{HostName, Time};

/// A bundle of session-forge.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Forge {
    config: Config,
    #[serde(default)]
    features: BTreeMap<String, ForgeFeature>,
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default)]
    hosts: Option<BTreeMap<String, ForgeHost>>,
    #[serde(default)]
    repos: Option<BTreeMap<String, ForgeRepo>>,
}

#[derive(Debug, Deserialize)]
struct ForgeHost {
    target: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ForgeRepo {
    url: String,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    anchor_subdir: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ForgeFeature {
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    repos: Vec<ForgeAttachment>,
}

#[derive(Debug, Deserialize)]
struct ForgeAttachment {
    repo: String,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    subdir: Option<String>,
    #[serde(default)]
    service: Option<Value>,
    /// What `service` was called before.
    #[serde(default)]
    compose_file: Option<String>,
}

/// Whether a JSON document is a bundle of session-forge.
pub(super) fn is_bundle(value: &Value) -> bool {
    value.get("kind").is_none() && value["config"].is_object()
}

/// Reads the folder of session-forge, named by itself or by its `config.yml`. Blocking.
///
/// # Errors
/// When a file cannot be read; `usage` when one is no YAML.
pub(super) fn read_folder(named: &Path) -> Result<Value> {
    let folder = if named.is_dir() { named } else { named.parent().unwrap_or(Path::new(".")) };
    let mut features = Map::new();
    let mut files: Vec<PathBuf> = match std::fs::read_dir(folder.join("features")) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e).at(folder.join("features").display()),
    };
    files.retain(|file| file.extension().is_some_and(|end| end == "yml"));
    files.sort();
    for file in files {
        let Some(name) = file.file_stem().and_then(|name| name.to_str()) else { continue };
        features.insert(name.to_owned(), read_yaml(&file)?);
    }
    let config = read_yaml(&folder.join("config.yml"))?;
    Ok(serde_json::json!({ "config": config, "features": features }))
}

fn read_yaml(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).at(file.display())?;
    parse(&text).map_err(|e| e.at(file.display()))
}

fn parse(text: &str) -> Result<Value> {
    let mut documents = YamlLoader::load_from_str(text).map_err(|e| Error::usage(format!("no YAML: {e}")))?;
    Ok(if documents.is_empty() { Value::Object(Map::new()) } else { value(documents.swap_remove(0)) })
}

fn value(yaml: Yaml) -> Value {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => Value::String(text),
        Yaml::Integer(n) => Value::String(n.to_string()),
        Yaml::Boolean(b) => Value::Bool(b),
        Yaml::Array(items) => Value::Array(items.into_iter().map(value).collect()),
        Yaml::Hash(pairs) => {
            let text = |key: Yaml| match value(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Value::Object(pairs.into_iter().map(|(key, v)| (text(key), value(v))).collect())
        }
        Yaml::Null | Yaml::BadValue | Yaml::Alias(_) => Value::Null,
    }
}

/// The bundle, and what of it has no place here, in words.
///
/// # Errors
/// `usage` when it has another shape, or nothing in it can be taken.
pub(super) fn convert(value: Value, now: Time) -> Result<(Bundle, Vec<String>)> {
    let forge: Forge =
        serde_json::from_value(value).map_err(|e| Error::usage(format!("no state of session-forge: {e}")))?;
    let mut left = Vec::new();
    let mut hosts = Vec::new();
    let mut places = BTreeMap::from([("local".to_owned(), HostName::local())]);
    for (name, host) in forge.config.hosts.unwrap_or_default() {
        if !host.env.is_empty() {
            let keys: Vec<&str> = host.env.keys().map(String::as_str).collect();
            left.push(format!(
                "host `{name}`: its variables ({}) belong into its login files",
                keys.join(", ")
            ));
        }
        if !host.tags.is_empty() {
            left.push(format!("host `{name}`: its tags"));
        }
        if ["local", "localhost"].contains(&host.target.as_str()) {
            places.insert(name, HostName::local());
            continue;
        }
        match name.parse::<HostName>() {
            Ok(new) if !new.is_local() => {
                places.insert(name, new.clone());
                hosts.push(Host { name: new, target: host.target, root: None });
            }
            _ => left.push(format!("host `{name}`: sf cannot take that name")),
        }
    }
    let mut repos = Vec::new();
    for (name, repo) in forge.config.repos.unwrap_or_default() {
        if repo.anchor_subdir.is_some() {
            left.push(format!("repository `{name}`: its folder for sessions"));
        }
        match name.parse() {
            Ok(name) => repos.push(Repo {
                name,
                url: repo.url,
                base: repo.base.or(Some("main".to_owned())),
                options: RepoOptions::default(),
            }),
            Err(_) => left.push(format!("repository `{name}`: sf cannot take that name")),
        }
    }
    let mut features = Vec::new();
    for (name, feature) in forge.features {
        let Ok(ours) = name.parse() else {
            left.push(format!("feature `{name}`: sf cannot take that name"));
            continue;
        };
        let mut attached = Vec::new();
        for at in feature.repos {
            if at.subdir.is_some() || at.service.is_some() || at.compose_file.is_some() {
                left.push(format!("feature `{name}`, `{}`: its services and folder for sessions", at.repo));
            }
            let known: Vec<HostName> = at.hosts.iter().filter_map(|host| places.get(host).cloned()).collect();
            match repos.iter().find(|repo| repo.name.as_str() == at.repo) {
                Some(repo) if !known.is_empty() => {
                    attached.push(Attachment { repo: repo.name.clone(), hosts: known });
                }
                _ => left.push(format!("feature `{name}`: `{}` on {}", at.repo, at.hosts.join(", "))),
            }
        }
        let base = Some(feature.base.unwrap_or_else(|| "main".to_owned()));
        features.push(Feature { name: ours, branch: format!("feat/{name}"), base, repos: attached });
    }
    let bundle =
        Bundle { kind: KIND.to_owned(), version: 1, exported: now, hosts, repos, features, settings: None };
    bundle.check()?;
    Ok((bundle, left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONFIG: &str = "hosts:\n  box:\n    env: {}\n    name: box\n    tags: []\n    target: localhost\n  gpu:\n    \
        env:\n      A: b\n    name: gpu\n    tags: []\n    target: root@far\nrepos:\n  '123':\n    anchor_subdir: null\n    \
        base: main\n    name: '123'\n    url: /srv/core.git\n";

    #[test]
    fn its_files_become_a_bundle() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("features")).expect("made");
        std::fs::write(folder.path().join("config.yml"), CONFIG).expect("written");
        let feature = "base: dev\nname: pay\nrepos:\n- hosts:\n  - gpu\n  - box\n  repo: '123'\n  service: null\n  subdir: null\n";
        std::fs::write(folder.path().join("features/pay.yml"), feature).expect("written");
        for named in [folder.path().to_owned(), folder.path().join("config.yml")] {
            let (bundle, left) = convert(read_folder(&named).expect("read"), Time(0)).expect("converted");
            assert_eq!(bundle.hosts.len(), 1, "one of them is this machine");
            assert_eq!((bundle.hosts[0].target.as_str(), bundle.repos[0].name.as_str()), ("root@far", "123"));
            let pay = &bundle.features[0];
            assert_eq!((pay.branch.as_str(), pay.base.as_deref()), ("feat/pay", Some("dev")));
            let hosts: Vec<&str> = pay.repos[0].hosts.iter().map(HostName::as_str).collect();
            assert_eq!(hosts, ["gpu", "local"]);
            assert_eq!(left.len(), 1, "{left:?}");
            assert!(left[0].contains("variables (A)"));
        }
    }

    #[test]
    fn what_would_be_an_option_is_refused() {
        let evil = serde_json::json!({ "config": { "hosts": { "a": { "target": "-oProxyCommand=x" } } } });
        assert!(is_bundle(&evil));
        assert_eq!(convert(evil, Time(0)).expect_err("refused").code.exit(), 2);
    }

    proptest! {
        #[test]
        fn any_file_is_read(text in "[a-z:\\[\\]{}\\- \n'\"&*!|>#0-9]{0,60}") {
            if let Ok(value) = parse(&text) {
                let _ = convert(serde_json::json!({ "config": value }), Time(0));
            }
        }
    }
}
