#!/bin/sh
# runsc as an OCI runtime for podman: the newest that deploy/setup.sh has fetched, else the one that is installed.
# Releases up to the middle of 2024 believe themselves in the host's network when they see
# /proc/sys/net/core/rmem_default (gVisor issue 10704) and give up; so they do not get to see it.
RUNSC="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/placet/gvisor/runsc"
[ -x "$RUNSC" ] || RUNSC=runsc
export RUNSC
exec unshare --mount --propagation slave sh -c \
  'mount -t tmpfs none /proc/sys/net && exec "$RUNSC" --platform="${PLACET_GVISOR_PLATFORM:-ptrace}" "$@"' runsc "$@"
