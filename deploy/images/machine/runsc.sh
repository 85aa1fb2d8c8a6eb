#!/bin/sh
# runsc as an OCI runtime for podman. Releases up to the middle of 2024 believe themselves in the host's network when
# they see /proc/sys/net/core/rmem_default (gVisor issue 10704) and give up; so they do not get to see it.
exec unshare --mount --propagation slave sh -c \
  'mount -t tmpfs none /proc/sys/net && exec runsc --platform="${PLACET_GVISOR_PLATFORM:-ptrace}" "$@"' runsc "$@"
