#!/usr/bin/env bash
# base.sh: make the base image from Debian's packages, where no registry can be reached; prints its name.
# The archive is kept in ~/.cache/placet and made anew when it is older than a month. Needs mmdebstrap, and root.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
release="${DEBIAN_RELEASE:-bookworm}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/placet"
archive="$cache/base-$release.tar"
image="localhost/placet-base:$release"
mkdir -p "$cache"
[ -z "$(find "$archive" -mtime +30 2>/dev/null)" ] || rm "$archive"
if [ ! -f "$archive" ]; then
  packages="$(sed -n '/^RUN dpkg -s/{s/^RUN dpkg -s //;s/ >.*//;p}' "$here/Containerfile" | tr ' ' ,)"
  # Told of no format, it goes by the name's ending, and makes a directory of one that it does not know.
  mmdebstrap --quiet --variant=minbase --format=tar --include="$packages" "$release" "$archive.new" >&2
  rm -rf --one-file-system "$archive" && mv "$archive.new" "$archive"
fi
# Imported once: the build's cache goes by the image's identity.
sum="$(stat -c %Y "$archive")"
if [ "$("$here/machine/podman.sh" image inspect --format '{{index .Labels "archive"}}' "$image" 2>/dev/null)" != "$sum" ]; then
  "$here/machine/podman.sh" import --quiet --change "LABEL archive=$sum" \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$archive" "$image" >/dev/null
fi
echo "$image"
