#!/bin/sh
# Regenerate the committed stubs. CI fails when this leaves a difference.
set -eu
cd "$(dirname "$0")"
python="${PYTHON:-../.venv/bin/python}"
find placetpb -name '*_pb2*.py' -delete -o -name '*_pb2*.pyi' -delete
"$python" -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. $(find placetpb -name '*.proto' | sort)
