#!/bin/sh
# A driver in shell: a line search that halves its step. Run it in the site's folder; `bjob launch`
# runs the jobs.
#
#     sh driver.sh [ROUNDS]
#
# Kill it at any time and start it again: existing jobs are reused.
set -eu
rounds=${1:-8}
best=0 step=4 round=0
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  # Spawn the points of a round together, one record per line.
  for side in -1 0 1; do
    x=$(awk -v b="$best" -v s="$step" -v d="$side" 'BEGIN { print b + d * s }')
    printf '{"workflow": "line", "name": "r%s_%s", "application": "eval_point", "args": ["%s"]}\n' "$round" "$((side + 1))" "$x"
  done | bjob spawn --from - --if-exists reuse > round.ids
  # The round continues without failed points.
  xargs bjob wait --quiet < round.ids || true
  for id in $(cat round.ids); do
    loss=$(bjob cat "$id" result.dat 2> /dev/null) || continue
    # Skip NaN, which sort would put first.
    if printf '%s\n' "$loss" | grep -qxE '[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?'; then
      printf '%s %s\n' "$loss" "$(sed -n '/^args:/,/^[a-z]/s/^ *- *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$(bjob path "$id")/job.yaml")"
    fi
  done | sort -g | head -n 1 > round.best
  if [ -s round.best ]; then read -r loss best < round.best; else loss=none; fi
  printf 'round %s: loss %s at %s\n' "$round" "$loss" "$best"
  step=$(awk -v s="$step" 'BEGIN { print s / 2 }')
done
