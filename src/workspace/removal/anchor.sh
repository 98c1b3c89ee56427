# What would be lost with the anchor $A, and, with $I, its way into the trash.
real() { (cd "$1" 2>/dev/null && pwd -P); }
top=$(real "$R")
[ "$top" = / ] && top=
echo "path $A"
place=present
if [ ! -e "$A" ] && [ ! -L "$A" ]; then
  place=absent
elif [ "$(real "$A")" != "$top/repo-cache/$N.anchor" ]; then
  place=elsewhere
elif ! g rev-parse --git-dir >/dev/null 2>&1; then
  place=foreign
fi
echo "place $place"
[ "$place" = present ] || exit 0
list() { g worktree list --porcelain; }
here=$(real "$A")
needed=$(list | sed -n 's/^worktree //p' | while read -r tree; do
  [ ! -e "$tree" ] || [ "$(real "$tree")" = "$here" ] || [ "$(real "$tree")" = "$(real "$G")" ] || echo "held $tree"
done)
[ -z "$needed" ] || printf '%s\n' "$needed"
if [ "$asked" ]; then
  g log --format='commit %h %s' --branches --not --remotes=origin
else
  g log --format='commit %h %s' --branches
fi
g log -g --format='stash %gs' refs/stash 2>/dev/null
[ "$G" = "$A" ] || (cd "$A" && git status --porcelain | sed -n -e 's/^?? /untracked /p' -e t -e 's/^.. /uncommitted /p')
echo looked
