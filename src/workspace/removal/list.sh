# The entries of the trash that were not brought back, oldest first.
for k in "$D/trash"/*; do
  [ -e "$k/about.json" ] && [ ! -e "$k/restored" ] || continue
  echo "entry ${k##*/} $(tr -d '\n' <"$k/about.json")"
done
exit 0
