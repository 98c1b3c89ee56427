# Brings entry $I of the trash back: commits, branch, worktree with its index and files, stashes. The
# worktree is made beside its place and moved there whole, so that one that was interrupted can be begun again.
K="$D/trash/$I"
T=$(mktemp -d "${TMPDIR:-/tmp}/sf.XXXXXXXXXX") || exit 71
trap 'rm -rf "$T" "$L"' EXIT
die() { echo "$1" >&2; exit 1; }
[ -e "$K/about.json" ] || die "the trash of this host has no entry $I"
[ ! -e "$K/restored" ] || { echo restored; exit 0; }
[ -d "$G" ] || die "there is no clone of $N to restore into"
real() { (cd "$1" 2>/dev/null && pwd -P); }
wg() { (cd "$back" && git "$@"); }
echo "path $W"
if [ -L "$W" ] || { [ -e "$W" ] && ! rmdir "$W" 2>/dev/null; }; then
  echo occupied
  exit 0
fi
while read -r key value; do
  case $key in
  branch) branch=$value ;;
  head) head=$value ;;
  keeper) keeper=$value ;;
  upstream) upstream=$value ;;
  esac
done <"$K/refs"
# A clone made since then may lack what the bundle builds on; an earlier clone in the trash has all of it.
fetched() {
  for from in "$K/commits.bundle" "$D/trash/$N+anchor+"*/anchor/.git "$D/trash/$N+anchor+"*/anchor; do
    [ -e "$from" ] && g fetch --quiet "$from" "+refs/sf/trash/$I:refs/sf/trash/$I" 2>>"$T/said" && return
  done
  return 1
}
g cat-file -e "${keeper:?}^{commit}" 2>/dev/null || fetched || die "its commits cannot be read back: $(tail -n 1 "$T/said")"
g update-ref "refs/sf/trash/$I" "$keeper" || exit 1
if [ "${branch:-}" ]; then
  now=$(g rev-parse --verify -q "refs/heads/$B")
  if [ "$now" != "$branch" ]; then
    [ -z "$now" ] || g merge-base --is-ancestor "$now" "$branch" || die "branch $B has other commits now: rename it, and restore again"
    log="$G/logs/refs/heads/$B"
    [ "$now" ] || [ ! -e "$K/reflog" ] || { mkdir -p "${log%/*}" && cp "$K/reflog" "$log"; }
    g update-ref --create-reflog -m "sf: restored" "refs/heads/$B" "$branch" "$now" || exit 1
  fi
  [ -z "${upstream:-}" ] || g branch --quiet --set-upstream-to="$upstream" "$B" 2>/dev/null || echo "note its upstream $upstream is gone"
fi
if [ -d "$K/git" ]; then
  mkdir -p "$R/features/$F" || exit 1
  top=$(real "$R")
  [ "$top" = / ] && top=
  [ "$(real "$R/features/$F")" = "$top/features/$F" ] || die "$R/features/$F leads elsewhere"
  mkdir -p "${back%/*}" && [ ! -L "${back%/*}" ] || exit 1
  g worktree add --quiet --no-checkout --detach "$back" "${head:-$keeper}" || exit 1
  own=$(wg rev-parse --absolute-git-dir) || exit 1
  on=$(sed -n 's/^ref: //p' "$K/git/HEAD")
  if [ "$on" ] && g worktree list --porcelain | grep -qxF "branch $on"; then
    echo "note ${on#refs/heads/} is checked out elsewhere; HEAD is detached"
    keep=HEAD
  elif [ "$on" ] && [ "${head:-}" ] && ! g rev-parse --verify -q "$on" >/dev/null; then
    g update-ref "$on" "$head"
  fi
  for f in "$K/git"/*; do
    case ${f##*/} in
    gitdir | commondir | locked | *.lock | "${keep:-}") ;;
    *) rm -rf "${own:?}/${f##*/}" && cp -R "$f" "$own/" || exit 1 ;;
    esac
  done
  wg checkout-index --all --force --quiet 2>/dev/null
  (cd "$back" && xargs -0 rm -f --) <"$K/deleted"
  [ ! -e "$K/files.tar.gz" ] || tar -C "$back" -xzf "$K/files.tar.gz" || exit 1
  wg update-index -q --refresh >/dev/null 2>&1
  wg status --porcelain=v2 -z >"$T/status"
  cmp -s "$T/status" "$K/status" || echo "note git status says something else than before"
  [ ! -e "$W" ] && echo "$W/.git" >"$own/gitdir" && mv "$back" "$W" || die "$W could not be put into its place"
  rmdir "${back%/*}" 2>/dev/null
fi
[ ! -e "$K/stashes" ] || sed '1!G;h;$!d' "$K/stashes" | while read -r oid said; do
  g log -g --format=%H refs/stash 2>/dev/null | grep -qx "$oid" || g update-ref --create-reflog -m "$said" refs/stash "$oid"
done
: >"$K/restored" || exit 1
echo restored
