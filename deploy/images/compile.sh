#!/bin/sh
# compile.sh PREFIX DIRECTORY...: Python's byte code beside its source, since nothing can be written where it runs.
# By content and not by time, one directory after the other in one process each, with one seed: so that two builds
# of the same source are the same bytes. PREFIX is what the image's paths do not have.
set -eu
prefix=$1; shift
export PYTHONHASHSEED=0
for directory; do
  find "$directory" -name __pycache__ -prune -exec rm -r {} +
  find "$directory" -mindepth 1 -maxdepth 1 | sort | xargs -P 2 -n 8 \
    python3 -m compileall -q --invalidation-mode unchecked-hash -s "$prefix" -p / > /dev/null || true
done
