//! One worktree on a host: the scripts that look at it and make it, and what they say.

use super::departures::CHECK;
use super::lock::LOCK;
use super::removal::{PIN, UNDO};
use super::setup;
use super::unit::{Unit, pairs};
use crate::error::{Error, Result};
use crate::fleet::sh::quote;
use crate::model::HostName;

/// What is at the worktree's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing, or an empty folder.
    #[default]
    Absent,
    /// A worktree of our anchor.
    Present,
    /// The same where session-forge 0.1.x put it: below the anchor.
    Below,
    /// A worktree (or the working folder) of another clone of the same repository, as people make them
    /// by hand.
    Plain,
    /// One whose making was interrupted.
    Unfinished,
    /// Something else.
    Foreign,
}

/// What was seen of a worktree, its branch and its base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) path: Option<String>,
    pub(super) place: Place,
    /// The branch exists in the anchor.
    pub(super) local: bool,
    /// The branch exists on the remote.
    pub(super) remote: bool,
    /// The base exists.
    pub(super) base: Option<String>,
    /// What is checked out; `None` when detached.
    pub(super) head: Option<String>,
    pub(super) ahead: Option<u32>,
    pub(super) behind: Option<u32>,
    pub(super) dirty: Option<u32>,
    pub(super) upstream: Option<String>,
    /// The base no longer holds the commit that the branch left it at.
    pub(super) rewritten: bool,
    pub(super) stashed: Option<u32>,
    /// Seconds since the epoch, and the subject.
    pub(super) last_commit: Option<(i64, String)>,
    /// Every worktree that the anchor knows; asked only while ours is not there.
    pub(super) known: Vec<Known>,
    /// What making it did.
    pub(super) branch_made: Option<String>,
    pub(super) worktree_made: bool,
    /// Where it was moved from.
    pub(super) moved: Option<String>,
    /// The ref that keeps what only a worktree that is gone still knew.
    pub(super) kept: Option<String>,
    /// Whether its set-up is still to be done.
    pub(super) pending: bool,
    /// Submodules that are not checked out.
    pub(super) submodules: Option<u32>,
    /// Whether it has large files of git-lfs, and the host has no git-lfs.
    pub(super) lacks_lfs: bool,
}

impl Tree {
    /// Whether there is a worktree to speak of.
    pub(super) const fn is_there(&self) -> bool {
        matches!(self.place, Place::Present | Place::Below | Place::Plain)
    }
}

/// A worktree as `git worktree list --porcelain` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) path: String,
    pub(super) branch: Option<String>,
    /// A detached commit that no branch holds.
    pub(super) lonely: bool,
    pub(super) locked: bool,
    /// Whether its folder is there.
    pub(super) exists: bool,
    /// Whether its folder would be ours.
    pub(super) ours: bool,
    /// Where its folder was moved to by hand.
    pub(super) moved: Option<String>,
}

/// Sees whether what is in the place belongs to another clone of the same repository; then that is asked
/// instead of the anchor. One of the anchor's own says so in its first line, which costs nothing to read.
const PLAIN: &str = r#"plain= to=
{ read -r key to <"$W/.git"; } 2>/dev/null
case ${to:-} in
"$G"/*) ;;
*)
  if [ -e "$W/.git" ] && c=$(cd "$W" && [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ] && cd "$(git rev-parse --git-common-dir)" && pwd -P) &&
    [ "$c" != "$(cd "$G" 2>/dev/null && pwd -P)" ] && [ "$(git --git-dir="$c" config --get remote.origin.url)" = "$U" ]; then
    plain=1 G=$c
  fi ;;
esac
"#;

/// What every look at a worktree begins with, after its variables.
pub(super) fn refs() -> String {
    [PLAIN, REFS].concat()
}

/// Finds the branch here (`lo`), on the remote (`re`) and the base, in one question to git.
const REFS: &str = r#"lo= re= base=
refs=$(g for-each-ref --format='%(refname) %(objectname) %(symref)' "refs/heads/$B" "refs/remotes/origin/$B" "refs/remotes/origin/${b:-HEAD}" 2>/dev/null)
while read -r name oid to; do
  [ "$name" = "refs/heads/$B" ] && lo=$oid
  [ "$name" = "refs/remotes/origin/$B" ] && re=$oid
  [ "$name" = "refs/remotes/origin/$b" ] && base=$name
  [ -z "$b" ] && [ "$name" = refs/remotes/origin/HEAD ] && base=$to
done <<END
$refs
END
"#;

/// Says what is there. Counts are against the upstream, else the branch on the remote, else the
/// base. A rewritten base is found by its reflog (git-merge-base(1), `--fork-point`).
const LOOK: &str = r#"admin() { # git's own folder of the worktree $1
  for d in "$G"/worktrees/*; do
    { read -r to <"$d/gitdir"; } 2>/dev/null && [ "$to" = "$1/.git" ] && echo "$d" && return
  done
}
moved() { # whether a folder of ours says that it is the worktree $1
  d=$(admin "$1")
  for p in "$R"/features/*/*/.git "$R"/features/*/.git; do
    { read -r key to <"$p"; } 2>/dev/null && [ "$d" ] && [ "$(cd "$to" 2>/dev/null && pwd -P)" = "$(cd "$d" && pwd -P)" ] && echo "tree-moved ${p%/.git}"
  done
}
echo "path $W"
[ -n "$lo" ] && echo local
[ -n "$re" ] && echo remote
[ -n "$base" ] && echo "base ${base#refs/remotes/origin/}"
place=foreign
if [ ! -e "$W" ] && [ ! -L "$W" ] || { [ -d "$W" ] && [ -z "$(ls -A "$W" 2>/dev/null)" ]; }; then
  place=absent
elif [ -e "$W/.git" ] && dirs=$(cd "$W" && git rev-parse --git-common-dir --git-dir 2>/dev/null); then
  common=${dirs%%
*}
  own=${dirs#*
}
  if [ "$(cd "$W" && cd "$common" && pwd -P)" = "$(cd "$G" && pwd -P)" ]; then
    place=present
    { read -r why <"$own/locked"; } 2>/dev/null
    [ "${why:-}" = initializing ] && place=unfinished
  fi
fi
[ "$place$W" = "present$below" ] && place=below
[ -z "${plain:-}" ] || place=plain
echo "place $place"
if [ "$place" = present ] || [ "$place" = below ] || [ "$place" = plain ]; then
  state=$(cd "$W" && git status --porcelain=v2 --branch | awk '/^# branch\.(head|upstream|ab) /{sub(/^# branch\./,"");print;next} !/^#/{n++} END{print "dirty " n+0}')
  printf '%s\n' "$state"
  against=${re:+refs/remotes/origin/$B}
  against=${against:-$base}
  case $state in *"
ab "*) ;; *) [ -n "$against" ] && (cd "$W" && git rev-list --left-right --count "HEAD...$against" 2>/dev/null) | sed 's/^/count /' ;; esac
  (cd "$W" && git log -1 --format='commit %ct %s' 2>/dev/null)
  echo "stashed $(($(cd "$W" && git stash list | wc -l)))"
  own=$(cd "$W" && git rev-parse --absolute-git-dir)
  [ ! -e "$own/sf-setup" ] || echo pending
  [ ! -e "$W/.gitmodules" ] || echo "submodules $(($(cd "$W" && git submodule status 2>/dev/null | grep -c '^-')))"
  if grep -qs 'filter=lfs' "$W/.gitattributes" && ! git lfs version >/dev/null 2>&1; then echo no-lfs; fi
elif [ -d "$G" ]; then
  real=$(cd "$R/features/$F" 2>/dev/null && pwd -P)/$N
  g worktree list --porcelain | while read -r key value; do
    case $key in
    worktree)
      # The half of one that is on its way back from the trash is nobody's.
      half=
      case $value in */features/".$F~back/$N") half=1 ;; esac
      [ "$half" ] && continue
      echo "tree $value"
      [ -e "$value" ] && echo "tree-exists"
      if [ "$value" = "$W" ] || [ "$value" = "$real" ]; then
        echo "tree-ours"
        [ -e "$value" ] || moved "$value"
      fi ;;
    *) [ "${half:-}" ] && continue ;;
    esac
    case $key in
    HEAD) oid=$value ;;
    branch) echo "tree-branch $value" ;;
    locked) echo "tree-locked" ;;
    detached) [ -n "$(g for-each-ref --count=1 --contains "$oid")" ] || echo "tree-lonely" ;;
    esac
  done
fi
if [ -n "$lo" ] && [ -n "$base" ] && left=$(g merge-base --fork-point "$base" "refs/heads/$B" 2>/dev/null); then
  g merge-base --is-ancestor "$left" "$base" 2>/dev/null || echo rewritten
fi
"#;

/// Makes the branch if there is none: tracking the remote's, else from the base.
const BRANCH: &str = r#"[ -d "$G" ] || exit 1
if [ -z "$lo" ]; then
  if [ -n "$re" ]; then
    g config --get-all remote.origin.fetch | grep -q refs/remotes/origin || g config --add remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
    g branch --quiet --track "$B" "refs/remotes/origin/$B" || exit 1
    echo "made tracked"
  else
    [ -n "$base" ] || { echo "there is no branch to start from" >&2; exit 1; }
    g branch --quiet --no-track "$B" "$base" || exit 1
    echo "made created"
  fi
  lo=made
fi
"#;

/// Makes the worktree, unless somebody was faster.
const ADD: &str = r#"if [ ! -e "$W/.git" ]; then
  mkdir -p "$R/features/$F" && g worktree add --quiet "$W" "$B" || exit 1
  echo worktree-made
  made=1
fi
"#;

/// Forgets a registration whose folder is gone; git itself refuses if it is locked or there. What
/// only that worktree still knew (staged files, commits that were amended or reset) is kept.
///
/// With a folder there git would remove that; so this looks again, under the lock.
pub(super) const FORGET: &str = r#"if [ ! -e "$W" ] && [ -d "$G" ]; then
  wanted=${I:-}
  own=$(for d in "$G"/worktrees/*; do
    { read -r to <"$d/gitdir"; } 2>/dev/null && { [ "$to" = "$W/.git" ] || [ "${to##*/features/}" = "$F/$N/.git" ]; } && echo "$d" && break
  done)
  if [ "$own" ]; then
    T=$(mktemp -d "${TMPDIR:-/tmp}/sf.XXXXXXXXXX") || exit 71
    trap 'rm -rf "$T" "$L"' EXIT
    : >"$T/stashes"
    head=
    lo=$(g rev-parse --verify -q "refs/heads/$B")
    collect
    if [ -n "$(g rev-list -n 1 --stdin --not --all <"$T/known")" ] || { [ -e "$own/index" ] && ! GIT_INDEX_FILE="$own/index" g diff-index --cached --quiet "${lo:-HEAD}"; }; then
      I="forgotten+$F+$N+$(date +%s)"
      pin || { echo "cannot keep what $own knows" >&2; exit 1; }
      echo "kept refs/sf/trash/$I"
    fi
    rm -rf "$T"
    g worktree remove "$W" || exit 1
  fi
  I=$wanted
fi
"#;

/// Brings a worktree of session-forge 0.1.x to its place; git keeps all that is in it.
const MOVE: &str = r#"if [ "$W" = "$below" ]; then
  to="$R/features/$F/$N"
  mkdir -p "$R/features/$F" && g worktree move "$W" "$to" || exit 1
  rmdir "$A/features/$F" "$A/features" 2>/dev/null
  echo "moved $W"
  W=$to
fi
"#;

/// Finishes what `git worktree add` began, without touching a file that is there: the lock that
/// git holds meanwhile says that it never ended, and ours that it does not run now.
const FINISH: &str = r#"cd "$W" && own=$(git rev-parse --git-dir) || exit 1
if [ -e "$own/locked" ]; then
  rm -f "$own/index.lock"
  [ "$(git rev-parse HEAD)" = "$(git rev-parse "refs/heads/$B")" ] && git symbolic-ref HEAD "refs/heads/$B"
  [ -e "$own/index" ] || git read-tree HEAD || exit 1
  git checkout-index --all --quiet 2>/dev/null
  rm -f "$own/locked"
  echo worktree-made
  made=1
fi
"#;

/// The script that looks.
pub(super) fn observe(unit: &Unit, root: Option<&str>) -> String {
    format!("{}{}{LOOK}exit 0\n", unit.variables(root), refs())
}

/// What is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    /// Branch (if missing) and worktree.
    Add,
    /// The same where the anchor still knows a worktree that is gone.
    Again,
    /// The rest of one that was interrupted.
    Finish,
    /// From where session-forge 0.1.x put it.
    Move,
    /// What it needs before one can work in it, where that was interrupted or failed.
    Setup,
}

/// The script that makes it and looks again. Every part looks for itself whether it is needed, so
/// running it twice, or after somebody else, does no harm; after a removal that came
/// after `seen` it does nothing.
pub(super) fn make(unit: &Unit, root: Option<&str>, what: Make, seen: &str) -> String {
    let steps = match what {
        Make::Add => [BRANCH, "", "", ADD],
        Make::Again => [BRANCH, PIN, FORGET, ADD],
        Make::Finish => ["", "", "", FINISH],
        Make::Move => ["", "", "", MOVE],
        Make::Setup => [""; 4],
    };
    let options = &unit.repo.options;
    let mark = if matches!(what, Make::Move | Make::Setup) { "" } else { setup::mark(options) };
    let (variables, steps, setup) = (unit.variables(root), steps.concat(), setup::script(options));
    // Looked at before the set-up, too: when that fails, the worktree is there all the same.
    let seen = quote(seen);
    format!("{variables}seen={seen}\n{LOCK}lock\n{CHECK}{UNDO}{REFS}{steps}{mark}{LOOK}{setup}exit 0\n")
}

/// Reads what the scripts say of a worktree that is to be looked at.
///
/// # Errors
/// `not_found` when there is none.
pub(super) fn there(text: &str, unit: &Unit, host: &HostName) -> Result<Tree> {
    let seen = parse(text);
    if seen.is_there() {
        return Ok(seen);
    }
    let path = seen.path.as_deref().unwrap_or("its place");
    Err(Error::not_found(format!("there is no worktree at `{path}`"))
        .hint(format!("sf sync {} --hosts {host}", unit.feature)))
}

/// Reads what the scripts say.
pub(super) fn parse(text: &str) -> Tree {
    let mut tree = Tree::default();
    for (key, value) in pairs(text) {
        match key {
            "path" => tree.path = Some(value.to_owned()),
            "local" => tree.local = true,
            "remote" => tree.remote = true,
            "base" => tree.base = Some(value.to_owned()),
            "place" => tree.place = place(value),
            "head" => tree.head = Some(value.to_owned()).filter(|head| head != "(detached)"),
            "upstream" => tree.upstream = Some(value.to_owned()),
            "ab" => {
                let (ahead, behind) = value.split_once(' ').unwrap_or_default();
                tree.ahead = ahead.strip_prefix('+').and_then(|n| n.parse().ok());
                tree.behind = behind.strip_prefix('-').and_then(|n| n.parse().ok());
            }
            "count" => {
                let (ahead, behind) = value.split_once('\t').unwrap_or_default();
                (tree.ahead, tree.behind) = (ahead.parse().ok(), behind.parse().ok());
            }
            "dirty" => tree.dirty = value.parse().ok(),
            "rewritten" => tree.rewritten = true,
            "stashed" => tree.stashed = value.parse().ok(),
            "commit" => {
                let (at, subject) = value.split_once(' ').unwrap_or((value, ""));
                tree.last_commit = at.parse().ok().map(|at| (at, subject.to_owned()));
            }
            "made" => tree.branch_made = Some(value.to_owned()),
            "worktree-made" => tree.worktree_made = true,
            "moved" => (tree.worktree_made, tree.moved) = (true, Some(value.to_owned())),
            "kept" => tree.kept = Some(value.to_owned()),
            "pending" => tree.pending = true,
            "set-up" => tree.pending = false,
            "submodules" => tree.submodules = value.parse().ok().filter(|n| *n > 0),
            "no-lfs" => tree.lacks_lfs = true,
            "tree" => tree.known.push(Known { path: value.to_owned(), ..Known::default() }),
            _ => {
                if let Some(known) = tree.known.last_mut() {
                    read_known(key, value, known);
                }
            }
        }
    }
    tree
}

fn read_known(key: &str, value: &str, known: &mut Known) {
    match key {
        "tree-exists" => known.exists = true,
        "tree-ours" => known.ours = true,
        "tree-branch" => known.branch = value.strip_prefix("refs/heads/").map(str::to_owned),
        "tree-locked" => known.locked = true,
        "tree-lonely" => known.lonely = true,
        "tree-moved" => known.moved = Some(value.to_owned()),
        _ => {}
    }
}

fn place(word: &str) -> Place {
    match word {
        "present" => Place::Present,
        "below" => Place::Below,
        "plain" => Place::Plain,
        "unfinished" => Place::Unfinished,
        "foreign" => Place::Foreign,
        _ => Place::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_read_whole() {
        let tree = parse(
            "path /h/features/pay/core\nlocal\nremote\nbase main\nplace present\nhead feat/pay\n\
             upstream origin/feat/pay\nab +2 -1\ndirty 3\nrewritten\ncommit 1700000000 fix: a b\nstashed 1\n",
        );
        assert_eq!((tree.ahead, tree.behind, tree.dirty, tree.stashed), (Some(2), Some(1), Some(3), Some(1)));
        assert!(tree.local && tree.remote && tree.rewritten);
        assert_eq!(tree.last_commit, Some((1_700_000_000, "fix: a b".into())));
        assert_eq!(parse("head (detached)\ncount 1\t0\n").ahead, Some(1));
    }

    proptest! {
        #[test]
        fn any_answer_is_read(text in "((ab|count|commit|tree|tree-branch|dirty|place)[ ]?[-+a-z0-9\t ]{0,10}\n?){0,8}") {
            let _ = parse(&text);
        }
    }
}
