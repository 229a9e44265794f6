# shellcheck shell=bash
# What the rigs share: messages, the state folder, and processes that are known by their id. Sourced, never run.

say() { echo "${0##*/}: $*" >&2; }
die() { say "$@"; exit 1; }

require_root() { [[ $(id -u) == 0 ]] || die 'must be run as root (it mounts file systems and makes namespaces)'; }

# Succeeds as soon as COMMAND does, fails once SECONDS have passed.
wait_until() { # SECONDS COMMAND…
  local -r deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# A process is written down as "ID START", START being its start time in clock ticks: an id alone may have been given to
# another process since (proc_pid_stat(5), field 22).
started_at() { # ID
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  set -- ${stat##*) }
  echo "${20}"
}
record_process() { echo "$2 $(started_at "$2")" >"$1"; } # FILE ID

# Prints the id of the process written down in FILE; fails when that process is no more.
living() { # FILE
  local id start
  [[ -f $1 ]] && read -r id start <"$1" && [[ $(started_at "$id") == "$start" ]] || return 1
  grep -q '^State:[[:space:]]*[ZX]' "/proc/$id/status" 2>/dev/null && return 1
  echo "$id"
}
is_gone() { ! living "$1" >/dev/null; } # FILE

# Ends the process written down in FILE: TERM, then KILL after SECONDS.
end_process() { # FILE SECONDS
  local id
  if id=$(living "$1"); then
    kill -TERM "$id" 2>/dev/null || true
    wait_until "$2" is_gone "$1" || kill -KILL "$id" 2>/dev/null || true
    wait_until 10 is_gone "$1" || die "process $id does not end"
  fi
  rm -f "$1"
}

# The state folder bears a mark, and only a marked folder is ever deleted.
make_state() { # FOLDER
  [[ ! -e $1 || -e $1/.rig ]] || die "$1 exists and is not a rig's; remove it or choose another folder"
  remove_state "$1"
  mkdir -p "$1"
  : >"$1/.rig"
}
remove_state() { # FOLDER
  [[ ! -e $1/.rig ]] || rm -rf --one-file-system -- "$1"
}

# Prints the comment that opens a rig: its manual.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$(readlink -f "$0")" >&2; exit 2; }
