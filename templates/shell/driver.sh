#!/bin/sh
# A driver in plain shell: a line search that halves its step. In the site's folder; `bjob launch` runs the jobs.
#
#     sh driver.sh [ROUNDS]
#
# Kill it whenever you like, and start it again: jobs that are there are taken as they are.
set -eu
rounds=${1:-8}
best=0 step=4 round=0
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  # A round's points, spawned together: a record a line.
  for side in -1 0 1; do
    x=$(awk -v b="$best" -v s="$step" -v d="$side" 'BEGIN { print b + d * s }')
    printf '{"workflow": "line", "name": "r%s_%s", "application": "eval_point", "args": ["%s"]}\n' "$round" "$((side + 1))" "$x"
  done | bjob spawn --from - --if-exists reuse > round.ids
  # A point that failed is no better than any other: the round goes on without it.
  xargs bjob wait --quiet < round.ids || true
  for id in $(cat round.ids); do
    loss=$(bjob cat "$id" result.dat 2> /dev/null) || continue
    # NaN is no loss; sort would take it for the best.
    if printf '%s\n' "$loss" | grep -qxE '[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?'; then
      printf '%s %s\n' "$loss" "$(sed -n '/^args:/,/^[a-z]/s/^ *- *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$(bjob path "$id")/job.yaml")"
    fi
  done | sort -g | head -n 1 > round.best
  if [ -s round.best ]; then read -r loss best < round.best; else loss=none; fi
  printf 'round %s: loss %s at %s\n' "$round" "$loss" "$best"
  step=$(awk -v s="$step" 'BEGIN { print s / 2 }')
done
