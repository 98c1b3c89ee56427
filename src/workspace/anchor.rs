//! The one clone of a repository on a host, which all its worktrees share.
//!
//! It has remote-tracking branches only (`refs/remotes/origin/*`), no branches of its own but those
//! of features, and keeps reflogs, so that a rewritten base can be noticed and nothing is lost.

use std::collections::BTreeMap;

use super::departures::{CHECK, LAST};
use super::lock::LOCK;
use super::unit::{of_repo, pairs};
use crate::fleet::sh::{folder, quote};
use crate::model::workspace::Repo;

/// What is at the anchor's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    #[default]
    Missing,
    /// The clone of our repository.
    Present,
    /// The clone of something else: its URL.
    Other(String),
    /// Something that is no repository.
    Foreign,
}

/// What was seen of an anchor and its remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Anchor {
    /// The newest removal before anything was looked at; empty when there was none.
    pub(super) last: String,
    pub(super) state: State,
    /// Whether the fetch brought something, or would.
    pub(super) updated: bool,
    /// Branches of the remote, by name; empty when the anchor itself was asked.
    pub(super) remote: BTreeMap<String, String>,
    /// The remote's default branch.
    pub(super) default: Option<String>,
}

/// The script that looks at an anchor, and brings it up to date unless it may not write.
///
/// Without an anchor (or without the right to write) the remote is asked for the branches instead,
/// so that the plan knows as much.
pub(super) fn observe(repo: &Repo, root: Option<&str>, dry_run: bool) -> String {
    let present = if dry_run {
        "g for-each-ref --format='have %(refname:lstrip=3) %(objectname)' refs/remotes/origin || exit 1\nlisten\n"
    } else {
        FETCH
    };
    format!("{}{GIT}{LAST}{LOCK}{LISTEN}{LOOK}{present}fi\nexit 0\n", of_repo(repo, root))
}

/// Ends unless there is a git that knows all that is asked of it: 2.25 is the oldest that the long-lived
/// distributions still carry.
const GIT: &str = r#"v=$(git --version 2>/dev/null) || { echo "there is no git on that host" >&2; exit 1; }
v=${v#git version }
minor=${v#*.}
minor=${minor%%.*}
case ${v%%.*} in
[01]) old=1 ;;
2) [ "${minor%%[!0-9]*}" -ge 25 ] 2>/dev/null || old=1 ;;
esac
[ -z "${old:-}" ] || { echo "git $v" >&2; exit 77; }
"#;

/// Asks the remote what it has.
const LISTEN: &str = r#"listen() {
  said=$(git ls-remote --symref -- "$U" HEAD 'refs/heads/*') || exit 1
  printf '%s\n' "$said" | sed 's/^/remote /'
}
"#;

const LOOK: &str = r#"if [ ! -e "$A" ] && [ ! -L "$A" ] || { [ -d "$A" ] && [ -z "$(ls -A "$A")" ]; }; then
  echo missing
  listen
elif ! g rev-parse --git-dir >/dev/null 2>&1; then
  echo foreign
elif url=$(g config --get remote.origin.url); [ "$url" != "$U" ]; then
  echo "other $url"
else
  echo present
"#;

/// The refspec is spelled out because an anchor of another program may lack it.
const FETCH: &str = r#"  lock
  refs() { g for-each-ref --format='%(refname) %(objectname)' refs/remotes/origin | cksum; }
  before=$(refs)
  [ "$(g config --get core.logAllRefUpdates)" ] || g config core.logAllRefUpdates true
  g fetch --quiet --prune origin '+refs/heads/*:refs/remotes/origin/*' || exit 1
  g rev-parse --quiet --verify refs/remotes/origin/HEAD >/dev/null || g remote set-head origin --auto >/dev/null 2>&1
  [ "$before" = "$(refs)" ] || echo updated
"#;

/// The script that clones. The clone is made beside its place and renamed, so one that was
/// interrupted is never taken for an anchor; what it left is removed by the next. After a removal
/// that came after `seen` it does nothing.
pub(super) fn clone(repo: &Repo, root: Option<&str>, seen: &str) -> String {
    // `~` is in no name of ours, so these are ours alone.
    let temporary = format!("\"$R/repo-cache/\".{}~new", quote(repo.name.as_str()));
    let mut words = String::new();
    if let Some(filter) = &repo.options.filter {
        words.push_str(&format!(" {}", quote(&format!("--filter={filter}"))));
    }
    if let Some(reference) = &repo.options.reference {
        // What is taken from it is copied, so it may go later.
        words.push_str(&format!(" --dissociate --reference-if-able {}", folder(Some(reference))));
    }
    let (variables, seen) = (of_repo(repo, root), quote(seen));
    format!("{variables}seen={seen}\n{LOCK}T={temporary}\nset --{words}\nlock\n{CHECK}{CLONE}")
}

const CLONE: &str = r#"rm -rf "$T"
if [ -d "$A" ] && ! rmdir "$A" 2>/dev/null; then
  echo unchanged
  exit 0
fi
git clone --quiet --no-checkout "$@" --origin origin -- "$U" "$T" || { s=$?; rm -rf "$T"; exit "$s"; }
G="$T/.git"
g config core.bare true && g config core.logAllRefUpdates true && g config remote.origin.url "$U" || exit 1
if head=$(g symbolic-ref --quiet HEAD); then
  g update-ref -d "$head"
  g config --remove-section "branch.${head#refs/heads/}" 2>/dev/null
fi
mv "$T/.git" "$A" && rm -rf "$T" && echo created
"#;

/// Reads what [`observe`] says.
pub(super) fn parse(text: &str) -> Anchor {
    let (mut anchor, mut have) = (Anchor::default(), None::<BTreeMap<String, String>>);
    for (key, value) in pairs(text) {
        match key {
            "last" => anchor.last = value.to_owned(),
            "present" => anchor.state = State::Present,
            "foreign" => anchor.state = State::Foreign,
            "other" => anchor.state = State::Other(value.to_owned()),
            "updated" => anchor.updated = true,
            "have" => {
                if let Some((name, oid)) = value.split_once(' ').filter(|(name, _)| *name != "HEAD") {
                    have.get_or_insert_default().insert(name.to_owned(), oid.to_owned());
                }
            }
            "remote" => read_remote(value, &mut anchor),
            _ => {}
        }
    }
    if anchor.state == State::Present && !anchor.remote.is_empty() {
        anchor.updated = have.unwrap_or_default() != anchor.remote;
    }
    anchor
}

/// A line of `git ls-remote --symref`: `ref: refs/heads/main<TAB>HEAD` or `<oid><TAB>refs/heads/x`.
fn read_remote(line: &str, anchor: &mut Anchor) {
    let Some((left, right)) = line.split_once('\t') else { return };
    if let Some(target) = left.strip_prefix("ref: refs/heads/").filter(|_| right == "HEAD") {
        anchor.default = Some(target.to_owned());
    } else if let Some(name) = right.strip_prefix("refs/heads/") {
        anchor.remote.insert(name.to_owned(), left.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_remote_is_read_from_ls_remote() {
        let seen = parse(
            "missing\nremote ref: refs/heads/trunk\tHEAD\nremote 1f\tHEAD\nremote 1f\trefs/heads/trunk\n",
        );
        assert_eq!((seen.state, seen.default.as_deref()), (State::Missing, Some("trunk")));
        assert_eq!(seen.remote.into_iter().collect::<Vec<_>>(), [("trunk".to_owned(), "1f".to_owned())]);
    }

    #[test]
    fn a_dry_run_sees_what_a_fetch_would_bring() {
        let same = "present\nhave HEAD 1f\nhave main 1f\nremote 1f\trefs/heads/main\n";
        assert!(!parse(same).updated);
        assert!(parse(&same.replace("remote 1f", "remote 2e")).updated);
    }

    proptest! {
        #[test]
        fn any_answer_is_read(text in "((present|other|have|remote|ref:)[ \t]?[a-z/: \t]{0,12}\n?){0,6}") {
            let _ = parse(&text);
        }
    }
}
