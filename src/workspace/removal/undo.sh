# Takes back what a removal or a restore that was killed has left. (No name of ours has `~` in it.) A worktree
# that was on its way out goes back to its place; one whose every file is in the trash goes, as does the
# half of one that was on its way back.
for w in "$R/features/$F/$N" "$below"; do
  [ -d "${w%/*}" ] && [ ! -L "${w%/*}" ] || continue
  if [ -d "${w%/*}/.$N~gone" ] && [ ! -e "$w" ] && [ ! -L "$w" ]; then
    mv "${w%/*}/.$N~gone" "$w" || exit 1
  fi
  rm -rf "${w%/*}/.$N~removed"
done
[ -e "$W" ] || [ -L "$W" ] || [ ! -e "$below/.git" ] || W=$below
back="$R/features/.$F~back/$N"
if [ -d "$back" ] && [ ! -L "${back%/*}" ]; then
  g worktree remove --force --force "$back" 2>/dev/null
  rm -rf "$back"
  rmdir "${back%/*}" 2>/dev/null
fi
