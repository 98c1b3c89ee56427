//! What is below a host's root already: anchors and feature folders, by name. Only looks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::unit::pairs;
use crate::error::Result;
use crate::fleet::sh::folder;
use crate::fleet::{Host, Step};
use crate::model::{FeatureName, RepoName};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Anchors, with where they were cloned from.
    pub repos: Vec<FoundRepo>,
    /// Folders of features, with their worktrees.
    pub features: Vec<FoundFeature>,
}

/// An anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRepo {
    /// Its name.
    pub name: RepoName,
    /// Where it was cloned from.
    pub url: Option<String>,
}

/// The folder of a feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFeature {
    /// Its name.
    pub name: FeatureName,
    /// Its worktrees, by repository.
    pub repos: BTreeSet<RepoName>,
}

const LOOK: &str = r#"for a in "$R"/repo-cache/*.anchor; do
  [ -d "$a" ] || continue
  n=${a##*/}
  G=$a
  [ -e "$a/.git" ] && G="$a/.git"
  echo "repo ${n%.anchor} $(git --git-dir="$G" config --get remote.origin.url 2>/dev/null)"
done
for w in "$R"/features/*/*; do
  [ -e "$w/.git" ] || continue
  f=${w%/*}
  echo "tree ${f##*/} ${w##*/}"
done
exit 0
"#;

/// Looks below the root.
///
/// # Errors
/// When the host cannot be asked.
pub async fn discover(host: &dyn Host, root: Option<&str>) -> Result<Found> {
    let step = Step { script: format!("R={}\n{LOOK}", folder(root)), lane: 0 };
    let output = host.steps(vec![step], 1).await?.into_iter().next().unwrap_or_default();
    Ok(parse(&output.stdout))
}

/// Names that are none of ours belong to somebody else and are passed over.
fn parse(text: &str) -> Found {
    let mut found = Found::default();
    for (key, value) in pairs(text) {
        let (name, rest) = value.split_once(' ').unwrap_or((value, ""));
        match key {
            "repo" => {
                if let Ok(name) = name.parse() {
                    let url = Some(rest.to_owned()).filter(|url| !url.is_empty());
                    found.repos.push(FoundRepo { name, url });
                }
            }
            "tree" => {
                let (Ok(name), Ok(repo)) = (name.parse::<FeatureName>(), rest.parse()) else { continue };
                match found.features.iter_mut().find(|f| f.name == name) {
                    Some(feature) => {
                        feature.repos.insert(repo);
                    }
                    None => found.features.push(FoundFeature { name, repos: BTreeSet::from([repo]) }),
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_names_are_passed_over() {
        let found =
            parse("repo core /srv/core\nrepo bad..name x\ntree pay core\ntree pay web\ntree -x y\nnoise\n");
        assert_eq!(found.repos.len(), 1);
        assert_eq!(found.features.len(), 1);
        assert_eq!(found.features[0].repos.len(), 2);
    }
}
