#!/usr/bin/env bash
# Build Placet's images.
#
#   deploy/images/build.sh [--base IMAGE|local] [--tag TAG] [--out DIR] [--push PREFIX] [worker] [services]
#
#   --base IMAGE    what to build from: any Debian 12 or 13 (default: the Containerfile's, from its registry);
#                   `local` makes one from Debian's packages, for places without a registry (needs root, mmdebstrap)
#   --tag TAG       names the images placet/services:TAG and placet/worker:TAG (default: the version in pyproject.toml)
#   --out DIR       write each image's bill of materials there (IMAGE.cdx.json, CycloneDX)
#   --push PREFIX   push to PREFIX/services and PREFIX/worker and print the lines for an overlay's kustomization
#
# Prints size and digest of each. The same source and base give the same digests. Needs podman (or buildah's `podman`).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
podman="$here/machine/podman.sh"
base=() tag='' out='' push='' targets=()
fail() { printf 'build: %s\n' "$*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "$0"; exit ;;
    --base) [ "$2" = local ] && set -- "$1" "$("$here/base.sh")" "${@:3}"; base=(--build-arg "BASE_IMAGE=$2"); shift 2 ;;
    --tag) tag="$2"; shift 2 ;;
    --out) out="$2"; shift 2 ;;
    --push) push="$2"; shift 2 ;;
    services|worker) targets+=("$1"); shift ;;
    *) fail "what is $1? (--help)" ;;
  esac
done
command -v podman >/dev/null || fail "needs podman"
version="$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/pyproject.toml")"
revision="$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)"
for target in "${targets[@]:-worker services}"; do for target in $target; do
  image="localhost/placet/$target:${tag:-$version}"
  # One time for all files: the day of the commit does not make another image.
  "$podman" build --quiet --jobs 3 --timestamp 0 --target "$target" "${base[@]}" --build-arg "VERSION=$version" \
    --build-arg "REVISION=$revision" --tag "$image" --file "$here/Containerfile" "$root" >/dev/null
  size="$("$podman" image inspect --format '{{.Size}}' "$image")"
  digest="$("$podman" image inspect --format '{{.Digest}}' "$image")"
  printf '%s\t%d MiB\t%s\n' "$image" "$((size / 1048576))" "$digest"
  if [ -n "$out" ]; then
    mkdir -p "$out"
    "$podman" run --rm --network none --entrypoint '["/opt/placet/bin/python", "-c"]' "$image" \
      'import sys; sys.stdout.write(open("/opt/placet/sbom.cdx.json").read())' > "$out/$target.cdx.json"; fi
  if [ -n "$push" ]; then
    "$podman" push --quiet --digestfile "$here/.digest" "$image" "$push/$target:${tag:-$version}" >&2
    printf -- '- {name: placet/%s, newName: %s/%s, digest: "%s"}\n' "$target" "$push" "$target" "$(cat "$here/.digest")"
    rm "$here/.digest"; fi
done; done
