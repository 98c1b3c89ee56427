# What would be lost with the worktree $W and the branch $B. Writes nothing but its own folder $T.
# $asked: whether the remote was asked just now, so that its branches can be believed.
T=$(mktemp -d "${TMPDIR:-/tmp}/sf.XXXXXXXXXX") || exit 71
trap 'rm -rf "$T" ${L:+"$L"}' EXIT
trap 'exit 143' HUP INT TERM
# Before anything is listed: what is written later is younger than this.
: >"$T/begun"
real() { (cd "$1" 2>/dev/null && pwd -P); }
top=$(real "$R")
[ "$top" = / ] && top=
at=$(real "$W")
own=
wg() { (cd "$W" && git "$@"); }
echo "path $W"
place=foreign
if [ ! -e "$W" ] && [ ! -L "$W" ]; then
  place=absent
elif [ "$at" != "$top/features/$F/$N" ] && [ "$at" != "$top/repo-cache/$N.anchor/features/$F/$N" ]; then
  place=elsewhere
elif [ -z "$(ls -A "$W")" ]; then
  place=absent
elif [ -e "$W/.git" ] && own=$(wg rev-parse --absolute-git-dir 2>/dev/null) && [ -e "$own/commondir" ] &&
  common=$(wg rev-parse --git-common-dir) && [ "$(cd "$W" && real "$common")" = "$(real "$G")" ]; then
  place=present
fi
if [ -d "$G" ]; then
  case $(real "$G") in
  "$top/repo-cache/$N.anchor" | "$top/repo-cache/$N.anchor/.git") ;;
  *) place=elsewhere ;;
  esac
fi
echo "place $place"
[ "$place" = elsewhere ] && exit 0
[ "$place" = foreign ] && exit 0
if [ "$place" = absent ] && [ -d "$G" ]; then
  # One whose folder is gone is still known to git, and may know commits that nobody else does.
  own=$(for d in "$G"/worktrees/*; do
    { read -r to <"$d/gitdir"; } 2>/dev/null && { [ "$to" = "$W/.git" ] || [ "$to" = "$top/features/$F/$N/.git" ]; } && echo "$d" && break
  done)
  if [ "$own" ]; then
    head=$(sed -n 's/^\([0-9a-f]\{40,64\}\)$/\1/p' "$own/HEAD")
    on=$(sed -n 's/^ref: //p' "$own/HEAD")
  fi
fi
: >"$T/uncommitted" >"$T/deleted" >"$T/untracked" >"$T/ignored" >"$T/changed" >"$T/stashes"
if [ "$place" = present ]; then
  head=$(wg rev-parse --verify -q HEAD)
  on=$(wg symbolic-ref -q HEAD)
  # A copy of the index without the flags that hide changes.
  idx="$T/index"
  [ ! -e "$own/index" ] || cp "$own/index" "$idx" || exit 1
  ig() { (cd "$W" && GIT_INDEX_FILE="$idx" git "$@"); }
  if wg ls-files -v | grep -q '^[a-zS]'; then
    wg ls-files -z >"$T/all"
    ig update-index -z --no-assume-unchanged --stdin <"$T/all" && ig update-index -z --no-skip-worktree --stdin <"$T/all" || exit 1
  fi
  ig ls-files -z -m >"$T/changed" && ig ls-files -z -d >"$T/deleted" &&
    ig ls-files -z -o --exclude-standard >"$T/untracked" &&
    ig ls-files -z -o -i --exclude-standard --directory --no-empty-directory >"$T/ignored.all" || exit 1
  if [ "$head" ]; then
    wg diff --cached --name-only --no-renames -z >"$T/staged" || exit 1
  else
    wg ls-files -z >"$T/staged" || exit 1
  fi
  # A submodule counts whole when something in it is nowhere else.
  wg ls-files -s -z | tr '\n\0' '\001\n' | sed -n 's/^160000 [0-9a-f]* 0	//p' | tr '\n\001' '\0\n' >"$T/modules"
  (cd "$W" && xargs -0 sh -c 'for p; do
    [ -e "$p/.git" ] || continue
    [ -z "$(git -C "$p" status --porcelain --ignored 2>/dev/null)" ] &&
      [ -z "$(git -C "$p" rev-list -n 1 HEAD --branches --not --remotes 2>/dev/null)" ] || printf "%s\0" "$p"
  done' sh) <"$T/modules" >>"$T/changed"
  # What can be made again: dependencies, byte code, and folders that call themselves a cache.
  (cd "$W" && xargs -0 sh -c 'for p; do
    case $p in
    node_modules/ | */node_modules/ | __pycache__/ | */__pycache__/ | *.pyc | .DS_Store | */.DS_Store) continue ;;
    esac
    [ -e "$p/CACHEDIR.TAG" ] || printf "%s\0" "$p"
  done' sh) <"$T/ignored.all" >"$T/ignored"
  cat "$T/changed" "$T/staged" >"$T/uncommitted"
fi
# Names for people; a line break in a name becomes a question mark.
names() { tr '\n\0' '?\n' <"$T/$1" | sort -u | sed "s/^/$1 /"; }
names uncommitted
names untracked
names ignored
lo= tips=
if [ -d "$G" ]; then
  lo=$(g rev-parse --verify -q "refs/heads/$B")
  # Somebody else's worktree may hold the branch; then it stays.
  there=$(g worktree list --porcelain | awk -v b="branch refs/heads/$B" '/^worktree /{w=substr($0,10)} $0==b{print w; exit}')
  if [ "$there" ] && [ -e "$there" ] && [ "$(real "$there")" != "$at" ]; then
    echo "held $there"
    lo=
  fi
  case ${on:-} in "" | "refs/heads/$B") tips="$lo ${head:-}" ;; *) tips=$lo ;; esac
  believed() {
    if [ "$asked" ]; then
      g "$@" --not --remotes=origin --exclude="$B" --branches
    else
      g "$@" --not --exclude="origin/$B" --remotes=origin --exclude="$B" --branches
    fi
  }
  if [ "${tips# }" ]; then
    # shellcheck disable=SC2086
    believed log --format='commit %h %s' $tips | tr -d '\r' >"$T/commits" || exit 1
    cat "$T/commits"
  fi
  g log -g --format='%H %gs' refs/stash 2>/dev/null | while read -r oid said; do
    case $said in "WIP on $B: "* | "On $B: "*) echo "$oid $said" ;; esac
  done >"$T/stashes"
  sed 's/^[0-9a-f]* /stash /' "$T/stashes"
fi
lost() { [ -s "$T/uncommitted" ] || [ -s "$T/untracked" ] || [ -s "$T/ignored" ] || [ -s "$T/commits" ] || [ -s "$T/stashes" ]; }
echo looked
