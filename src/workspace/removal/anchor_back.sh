# Takes the anchor out of the trash where there is none.
[ ! -e "$A" ] && [ ! -L "$A" ] || exit 0
lock
last=
for k in "$D/trash/$N+anchor+"*; do
  [ ! -d "$k/anchor" ] || last=$k
done
[ "$last" ] || exit 0
mkdir -p "$R/repo-cache" && mv "$last/anchor" "$A" && : >"$last/restored"
