"""Which files of a directory are scopes: one answer for all who read the same directory.

Knows names. Must not know what stands in a file.
"""

from pathlib import Path
from typing import Final

SUFFIXES: Final = (".yaml", ".yml")


def scope_files(directory: Path) -> list[Path]:
    """Those that stand in it, and none below. Raises OSError when it cannot be read."""
    return sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES)
