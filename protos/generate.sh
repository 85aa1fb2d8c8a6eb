#!/bin/sh
# Regenerate the committed stubs; with --check, fail when they differ from the protos.
set -eu
cd "$(dirname "$0")"
python="$PWD/../.venv/bin/python"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
"$python" -m grpc_tools.protoc -I. --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" \
  $(find placetpb -name '*.proto' | sort)
for stub in $(cd "$out" && find . -type f); do
  if [ "${1:-}" = --check ]; then
    cmp -s "$out/$stub" "$stub" || { echo "stub $stub differs: run make stubs and commit" >&2; exit 1; }
  else
    cp "$out/$stub" "$stub"
  fi
done
