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
    /// The branch that is checked out in the first of them.
    #[serde(default)]
    pub branch: Option<String>,
}

/// Worktrees are found by their folder, `features/<feature>/<repo>`, wherever the anchor keeps it:
/// some programs make them below the anchor itself. Those of no anchor are found by looking.
const LOOK: &str = r#"top=$(cd "$R" 2>/dev/null && pwd -P) || exit 0
for a in "$R"/repo-cache/*.anchor; do
  [ -d "$a" ] || continue
  n=${a##*/}
  n=${n%.anchor}
  G=$a
  [ -e "$a/.git" ] && G="$a/.git"
  echo "repo $n $(git --git-dir="$G" config --get remote.origin.url 2>/dev/null)"
  here=$(cd "$a" && pwd -P)
  git --git-dir="$G" worktree list --porcelain 2>/dev/null | while read -r key value; do
    case $key in
    worktree) w=$value ;;
    branch)
      case $w in
      "$top"/features/*/"$n" | "$here"/*/"$n")
        f=${w%/*}
        [ ! -e "$w/.git" ] || echo "tree ${f##*/} $n ${value#refs/heads/}" ;;
      "$here"/*)
        f=${value#refs/heads/feat/}
        [ "$f" = "$value" ] || [ ! -e "$w/.git" ] || echo "tree $f $n ${value#refs/heads/}" ;;
      esac ;;
    esac
  done
done
for w in "$R"/features/*/*; do
  [ -e "$w/.git" ] || continue
  f=${w%/*}
  [ -d "$R/repo-cache/${w##*/}.anchor" ] || echo "repo ${w##*/} $(git -C "$w" config --get remote.origin.url 2>/dev/null)"
  echo "tree ${f##*/} ${w##*/} $(git -C "$w" symbolic-ref --quiet --short HEAD 2>/dev/null)"
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
                    if !found.repos.iter().any(|known: &FoundRepo| known.name == name) {
                        found.repos.push(FoundRepo { name, url });
                    }
                }
            }
            "tree" => {
                let (repo, branch) = rest.split_once(' ').unwrap_or((rest, ""));
                let (Ok(name), Ok(repo)) = (name.parse::<FeatureName>(), repo.parse()) else { continue };
                let branch = Some(branch.to_owned()).filter(|branch| !branch.is_empty());
                match found.features.iter_mut().find(|f| f.name == name) {
                    Some(feature) => {
                        feature.repos.insert(repo);
                        feature.branch = feature.branch.take().or(branch);
                    }
                    None => found.features.push(FoundFeature { name, repos: BTreeSet::from([repo]), branch }),
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
        let found = parse(
            "repo core /srv/core\nrepo bad..name x\ntree pay core feat/pay\ntree pay web\ntree -x y\nnoise\n",
        );
        assert_eq!(found.repos.len(), 1);
        assert_eq!(found.features.len(), 1);
        assert_eq!(found.features[0].repos.len(), 2);
        assert_eq!(found.features[0].branch.as_deref(), Some("feat/pay"));
    }
}
