# The entries of the trash that were not brought back, and of each repository its newest removal.
for removals in "$R"/repo-cache/.*~removed; do
  [ -e "$removals" ] || continue
  n=${removals##*/.}
  while read -r of entry; do last=$entry; done <"$removals"
  echo "last ${n%~removed} ${last:-}"
done
for k in "$D/trash"/*; do
  [ -e "$k/about.json" ] && [ ! -e "$k/restored" ] || continue
  echo "entry ${k##*/} $(tr -d '\n' <"$k/about.json")"
done
exit 0
