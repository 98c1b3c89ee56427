# Keeps every commit that git's own folder $own of a worktree, or the branch $B, still knows, and what
# is staged there, under the ref refs/sf/trash/$I. $lo: the branch, $head: what is checked out, if any.

# Every commit that is known: reflogs, merges and rebases in progress.
collect() {
  {
    printf '%s\n%s\n' "$lo" "${head:-}"
    cut -d' ' -f1 "$T/stashes"
    [ -z "$own" ] || find "$own" -path "$own/modules" -prune -o -type f -exec grep -hoIE '[0-9a-f]{40,64}' {} +
    [ ! -e "$G/logs/refs/heads/$B" ] || grep -hoE '[0-9a-f]{40,64}' "$G/logs/refs/heads/$B"
  } | sed '/^$/d' | sort -u | g cat-file --batch-check='%(objecttype) %(objectname)' | sed -n 's/^commit //p' >"$T/known"
}
pin() {
  base=$(g rev-parse --verify -q "refs/remotes/origin/${b:-HEAD}")
  { cat "$T/known"; [ -z "$base" ] || echo "^$base"; } | g rev-list --parents --stdin |
    awk '{c[$1]=1; for (i=2; i<=NF; i++) p[$i]=1} END {for (k in c) if (!(k in p)) print k}' >"$T/tips" || return 1
  printf '%s\n%s\n' "$lo" "${head:-}" | sed '/^$/d' >>"$T/tips"
  # The index as a tree, a folder for each stage.
  if [ -n "$own" ] && [ -e "$own/index" ]; then
    GIT_INDEX_FILE="$own/index" g ls-files -s | sed -e 's/^\([0-7]*\) \([0-9a-f]*\) \([0-3]\)	"/\1 \2 0	"s\3\//' -e t \
      -e 's/^\([0-7]*\) \([0-9a-f]*\) \([0-3]\)	/\1 \2 0	s\3\//' >"$T/entries" &&
      GIT_INDEX_FILE="$T/kept" g update-index --add --index-info <"$T/entries" &&
      tree=$(GIT_INDEX_FILE="$T/kept" g write-tree) || return 1
  else
    tree=$(g mktree </dev/null)
  fi
  set --
  for oid in $(sort -u "$T/tips"); do set -- "$@" -p "$oid"; done
  keeper=$(echo "kept by sf: $F $N" | GIT_AUTHOR_NAME=sf GIT_AUTHOR_EMAIL=sf@localhost GIT_COMMITTER_NAME=sf GIT_COMMITTER_EMAIL=sf@localhost \
    g commit-tree "$tree" "$@") && g update-ref "refs/sf/trash/$I" "$keeper"
}
