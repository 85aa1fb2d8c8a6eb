#!/usr/bin/env bash
# podman, told what this machine needs: `podman.sh ARGUMENTS...` is `podman ARGUMENTS...`.
# An ordinary host (one version of control groups, the usual limits, systemd) needs nothing, and nothing is added.
#   PLACET_CONTAINERS=DIR    images and containers in a store of their own
#   PLACET_GVISOR=1          containers run on gVisor (runsc)
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
engine=(podman)

kind() { stat -fc %T "$1" 2>/dev/null || true; }

if [ ! -d /run/systemd/system ]; then engine+=(--cgroup-manager cgroupfs --events-backend file); fi
# crun, which many systems have by default, does not work where both versions of control groups are mounted.
if [ "$(kind /sys/fs/cgroup)" != cgroup2fs ] && [ "$(kind /sys/fs/cgroup/unified)" = cgroup2fs ]; then
  engine+=(--runtime runc); fi
if [ -n "${PLACET_GVISOR:-}" ]; then engine+=(--runtime "$here/runsc.sh"); fi
if [ -n "${PLACET_CONTAINERS:-}" ]; then
  engine+=(--root "$PLACET_CONTAINERS/images" --runroot "$PLACET_CONTAINERS/run"); fi

files="$(ulimit -Hn)"
limits=()
# podman asks for more than some machines let root have.
if [ "$files" != unlimited ] && [ "$files" -lt 1048576 ]; then
  limits=(--ulimit "nofile=$files:$files" --ulimit nproc=32768:32768); fi

case "${1:-}" in
  build)
    shift
    # The build's own pip must trust what this machine trusts; nothing of it becomes part of the image.
    authorities="${PIP_CERT:-${SSL_CERT_FILE:-}}"
    trusted=()
    if [ -f "$authorities" ]; then
      trusted=(--volume "$authorities:/build-authorities.crt:ro" --build-arg PIP_CERT=/build-authorities.crt); fi
    exec "${engine[@]}" build --isolation chroot --network host "${limits[@]}" "${trusted[@]}" "$@" ;;
  run|create) action="$1"; shift; exec "${engine[@]}" "$action" "${limits[@]}" "$@" ;;
  *) exec "${engine[@]}" "$@" ;;
esac
