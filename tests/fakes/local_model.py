"""A model server that only exists: writes an address of its own to --addr-file and waits."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--model", "--addr-file", "--api-key-file"):
        parser.add_argument(option, type=Path, required=True)
    options = parser.parse_args()
    assert options.api_key_file.stat().st_mode & 0o777 == 0o600
    options.addr_file.write_text(f"http://127.0.0.1:9/{os.getpid()}/v1")
    while True:
        time.sleep(1)
