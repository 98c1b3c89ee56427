# Keeps everything of $W and $B in the trash as entry $I, checks what was kept, and only then
# removes worktree and branch. $about: what restoring needs to know, as JSON.
if [ -z "$force" ] && lost; then
  echo changed
  exit 0
fi
record "$F"
if [ "$place" = absent ] && [ -z "$lo$own" ]; then
  [ ! -d "$W" ] || rmdir "$W"
  echo removed
  exit 0
fi
if [ -n "$own" ] && [ -e "$own/index.lock" ]; then
  echo "git is at work in $W (it holds $own/index.lock)" >&2
  exit 1
fi
umask 077
mkdir -p "$D/trash" || exit 1
K="$D/trash/.$I~new"
rm -rf "$K"
mkdir "$K" || exit 1
printf '%s\n' "$about" >"$K/about.json"
fail() {
  rm -rf "$K"
  g update-ref -d "refs/sf/trash/$I" 2>/dev/null
  echo "$1" >&2
  exit 1
}
collect
pin || fail "cannot keep the commits"
g bundle create "$K/commits.bundle" "refs/sf/trash/$I" ${base:+"^$base"} 2>"$T/said" || fail "cannot bundle the commits: $(tail -n 1 "$T/said")"
# Read it back the way a restore would.
git init -q --bare "$T/check.git" && echo "$(real "$G")/objects" >"$T/check.git/objects/info/alternates" &&
  git --git-dir="$T/check.git" bundle unbundle "$K/commits.bundle" 2>/dev/null | grep -q "^$keeper " || fail "the bundle cannot be read back"
{
  echo "branch $lo"
  echo "head ${head:-}"
  echo "keeper $keeper"
  up=$(g for-each-ref --format='%(upstream:short)' "refs/heads/$B")
  [ -z "$up" ] || echo "upstream $up"
} >"$K/refs"
cp "$T/stashes" "$K/stashes"
cp "$T/deleted" "$K/deleted"
[ ! -e "$G/logs/refs/heads/$B" ] || cp "$G/logs/refs/heads/$B" "$K/reflog"
if [ "$place" = present ]; then
  wg status --porcelain=v2 -z >"$K/status" || fail "git status failed"
  cp -R "$own" "$K/git" || fail "cannot keep git's own files"
  # A file that is gone is in the list of deleted ones.
  cat "$T/changed" "$T/untracked" "$T/ignored" | (cd "$W" && xargs -0 sh -c 'for p; do
    [ ! -e "$p" ] && [ ! -L "$p" ] || printf "./%s\0" "$p"
  done' sh) >"$T/files"
  if [ -s "$T/files" ]; then
    tar -C "$W" -czf "$K/files.tar.gz" --null -T "$T/files" || fail "cannot keep the files"
    mkdir "$T/out" && tar -C "$T/out" -xzf "$K/files.tar.gz" || fail "the kept files cannot be read back"
    bad=$(cd "$T/out" && W="$W" find . \( -type f -exec sh -c 'for f; do cmp -s "$f" "$W/$f" || echo "$f"; done' sh {} + \) -o \
      \( -type l -exec sh -c 'for f; do [ "$(readlink "$f")" = "$(readlink "$W/$f")" ] || echo "$f"; done' sh {} + \))
    [ -z "$bad" ] || fail "changed while it was kept: $(echo "$bad" | head -n 3)"
    (cd "$T/out" && xargs -0 sh -c 'for f; do [ -e "$f" ] || [ -L "$f" ] || exit 1; done' sh) <"$T/files" || fail "not all files were kept"
    rm -rf "$T/out"
  fi
fi
mv "$K" "$D/trash/$I" || fail "cannot keep it in $D/trash"
sync 2>/dev/null
K="$D/trash/$I"
if [ "$place" = present ]; then
  # Out of the way first, so that nobody writes where we look a last time.
  gone="${W%/*}/.$N~gone" done="${W%/*}/.$N~removed"
  [ ! -e "$gone" ] || fail "$gone is in the way; it is a worktree of an earlier removal"
  mv "$W" "$gone" || fail "cannot move $W"
  late=$(find "$gone" ! -type d -cnewer "$T/begun" 2>/dev/null) || late=$(find "$gone" ! -type d -newer "$T/begun")
  if [ "$late" ]; then
    mv "$gone" "$W"
    fail "written to while it was kept: $(echo "$late" | head -n 3)"
  fi
  # By this name it is known to be kept whole, whenever we are killed.
  mv "$gone" "$done" && rm -rf "$done" || { echo "cannot remove all of $done" >&2; exit 1; }
  g worktree remove --force --force "$W" 2>"$T/said" || [ ! -e "$own" ] || { cat "$T/said" >&2; exit 1; }
else
  [ ! -d "$W" ] || rmdir "$W"
  [ -z "$own" ] || g worktree remove --force --force "$W" 2>"$T/said" || [ ! -e "$own" ] || { cat "$T/said" >&2; exit 1; }
fi
[ -z "$lo" ] || g branch --quiet -D "$B" || exit 1
rmdir "${W%/*}" 2>/dev/null && [ "$W" = "$below" ] && rmdir "$A/features" 2>/dev/null
echo "kept-as $I"
echo removed
