# Moves the anchor into the trash as entry $I, unless a worktree has come up that needs it. It is kept
# whole, whatever is in it.
if [ "$needed" ]; then
  echo changed
  exit 0
fi
umask 077
mkdir -p "$D/trash" && rm -rf "$D/trash/.$I~new" && mkdir "$D/trash/.$I~new" || exit 1
K="$D/trash/.$I~new"
printf '%s\n' "$about" >"$K/about.json" || exit 1
mv "$A" "$K/anchor" || exit 1
git --git-dir="$K/anchor${G#"$A"}" rev-parse --git-dir >/dev/null || { mv "$K/anchor" "$A"; exit 1; }
mv "$K" "$D/trash/$I" || { mv "$K/anchor" "$A"; exit 1; }
echo "kept-as $I"
echo removed
