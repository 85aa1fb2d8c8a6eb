#!/bin/sh
# environment.sh DIRECTORY REQUIREMENTS: an environment with the pinned packages, checked by their hashes.
# environment.sh DIRECTORY --wheel [PACKAGE...]: Placet into it; of its packages only those named, when some are.
# environment.sh DIRECTORY --late REQUIREMENTS: into its `late`, which is on no path until a sandbox puts it there.
# Without pip in it, without the packages' own tests, with byte code. Runs in the build.
set -eu
directory=$1; what=$2; shift 2
pip="/build/pip/bin/pip --python $directory/bin/python"
if [ "$what" = --wheel ]; then
  before=$(mktemp)
  (cd "$directory"/lib/python3.*/site-packages && ls) > "$before"
  $pip install --quiet --no-compile --no-deps --no-index /build/wheels/*.whl
  cd "$directory"/lib/python3.*/site-packages
  for new in $(ls | grep -vxFf "$before" | grep -v '\.dist-info$'); do
    keep=$([ $# = 0 ] && echo yes || echo no)
    for package; do [ "$new" != "$package" ] || keep=yes; done
    if [ $keep = yes ]; then /build/compile.sh / "$PWD/$new"; else rm -r "$new"; fi
  done
  [ $# = 0 ] || rm "$directory/bin/placet"
  exit
fi
if [ "$what" = --late ]; then
  $pip install --quiet --no-compile --require-hashes --no-deps --only-binary :all: --target "$directory/late" -r "$1"
  find "$directory/late" -type d -name tests -prune -exec rm -r {} +
  rm -rf "$directory/late/bin"
  /build/compile.sh / "$directory/late"
  exit
fi
python3 -m venv --without-pip "$directory"
$pip install --quiet --no-compile --require-hashes --only-binary :all: -r "$what"
find "$directory/lib" -type d -name tests -path '*/site-packages/*' -prune -exec rm -r {} +
find "$directory/bin" -mindepth 1 ! -name 'python*' -delete
/build/compile.sh / "$directory"/lib/python3.*/site-packages
