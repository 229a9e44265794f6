#!/usr/bin/env bash
# Puts the Debian packages of the rigs on this machine, so that a CI job pays for them in a step of its own.
#   install.sh [nfs] [gluster] [slurm] [optuna] [ssh]     install what is missing for the rigs named (default: all)
# A rig calls it on `up`, so a person need not. No service of the distribution is started: the rigs start their own.
# It needs root and Debian 12.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/lib.sh"

declare -A packages=(
  [nfs]='user-mode-linux uml-utilities nfs-kernel-server nfs-common rpcbind kmod iproute2 e2fsprogs'
  [gluster]='glusterfs-server glusterfs-client fuse3'
  [slurm]='slurmctld slurmd slurm-client munge openmpi-bin libopenmpi-dev mpich libmpich-dev gcc libc6-dev iproute2'
  [optuna]='python3 python3-optuna python3-sklearn procps'
  [ssh]='openssh-server openssh-client rsync'
)

# Prints those of the packages given that are not installed.
list_missing() { # PACKAGE…
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# While it stands, policy-rc.d forbids maintainer scripts to start services; what was there before comes back.
policy=/usr/sbin/policy-rc.d
forbid_services() {
  if [[ -e $policy && ! -e $policy.before-rigs ]]; then mv "$policy" "$policy.before-rigs"; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
}
restore_services() {
  rm -f "$policy"
  if [[ -e $policy.before-rigs ]]; then mv "$policy.before-rigs" "$policy"; fi
}

require_root
command -v apt-get >/dev/null || die 'apt-get not found: the rigs need Debian 12'
(($#)) || set -- nfs gluster slurm optuna ssh

wanted=()
for rig in "$@"; do
  [[ -v packages[$rig] ]] || die "no rig named '$rig' (nfs, gluster, slurm, optuna, ssh)"
  read -ra names <<<"${packages[$rig]}"
  wanted+=("${names[@]}")
done
mapfile -t missing < <(list_missing "${wanted[@]}" | sort -u)
((${#missing[@]})) || exit 0

# Two rigs may start at once: the second waits here, and then finds nothing missing.
exec {lock}>/tmp/bjob-rigs-install.lock
flock "$lock"
mapfile -t missing < <(list_missing "${missing[@]}")
((${#missing[@]})) || exit 0

log=$(mktemp /tmp/bjob-rigs-install.XXXXXX)
trap restore_services EXIT
trap 'exit 130' INT TERM
say "installing ${missing[*]}"
forbid_services
apt=(apt-get -qq -o DPkg::Lock::Timeout=300)
if ! { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
  >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  die "apt-get failed; the whole output is in $log"
fi
rm -f "$log"
