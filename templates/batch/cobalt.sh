#!/bin/bash
#COBALT --jobname {{name}}
#COBALT -n {{nodes}}
#COBALT -t {{time_limit}}
#COBALT -q {{queue}}
#COBALT -A {{account}}
#COBALT -O {{output}}
{{directives}}
# A bjob allocation: 'bjob submit' fills in the double braces. A directive whose value was not given is left out, values are quoted where the
# shell needs it, and anything else here is yours to change: modules to load, a container to start.

cd {{site}} || exit 3
{{setup}}

# A node that lacks what starts bjob says so in one line, which `bjob ls launchers` shows.
for program in {{programs}}; do
  command -v "$program" >/dev/null || [ -r "$program" ] || {
    echo "bjob: node $HOSTNAME has no $program: put it on a file system that compute nodes share, or name what starts bjob there in bjob.yaml (batch: command)"
    exit 127
  }
done

# The launcher runs in the background, because bash handles a signal only between two commands or in 'wait'. Whatever the scheduler
# sends as its warning reaches the launcher as TERM: it ends its jobs in good order, and they run on in the next allocation.
warned=
trap 'warned=yes; kill -TERM "$launcher" 2>/dev/null' TERM HUP INT USR1 USR2 XCPU
{{launch}} &
launcher=$!
[ -z "$warned" ] || kill -TERM "$launcher"
while :; do
  warned=
  wait "$launcher"
  status=$?
  # A signal ends 'wait' early, with a status above 128 that is not the launcher's.
  [ -n "$warned" ] && [ "$status" -gt 128 ] || break
done
exit "$status"
