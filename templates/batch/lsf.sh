#!/bin/bash
#BSUB -J {{name}}
#BSUB -nnodes {{nodes}}
#BSUB -W {{time_limit}}
#BSUB -q {{queue}}
#BSUB -P {{account}}
#BSUB -o {{output}}
#BSUB -wa TERM
#BSUB -wt {{warning_minutes}}
{{directives}}
# Batch script of a bjob allocation. 'bjob submit' fills in the variables in double braces, quotes
# their values for the shell, and omits directives without a value. Edit the rest as needed: load
# modules, start a container.

cd {{site}} || exit 3
{{setup}}

# Report a missing bjob in one line, which `bjob ls launchers` shows.
for program in {{programs}}; do
  command -v "$program" >/dev/null || [ -r "$program" ] || {
    echo "bjob: node $HOSTNAME has no $program: put it on a file system that compute nodes share, or set the command that starts bjob there in bjob.yaml (batch: command)"
    exit 127
  }
done

# The launcher runs in the background, because bash handles signals only between commands and in
# 'wait'. The scheduler's warning is passed to the launcher as TERM: it stops its jobs, which
# restart in the next allocation.
warned=
trap 'warned=yes; kill -TERM "$launcher" 2>/dev/null' TERM HUP INT USR1 USR2 XCPU
{{launch}} &
launcher=$!
[ -z "$warned" ] || kill -TERM "$launcher"
while :; do
  warned=
  wait "$launcher"
  status=$?
  # A signal interrupts 'wait' with a status above 128, which is not the launcher's.
  [ -n "$warned" ] && [ "$status" -gt 128 ] || break
done
exit "$status"
