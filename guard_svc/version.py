"""Names the guard's own judgement: a digest of all code that a verdict rests on.

Knows files. Must not know verdicts, caches or records.
"""

import functools
import hashlib
from pathlib import Path
from typing import Final

from placet.actions import compiling

_HERE: Final = Path(__file__).parent
_ACTIONS: Final = Path(compiling.__file__).parent
_JUDGES: Final = frozenset({".py", ".yaml"})


@functools.cache
def rules_version(*directories: Path) -> str:
    """16 hex digits over the code of rules, intake and policy, the catalogue, the profiles and the actions.

    Read once per process. Wider than the rules alone on purpose: a change too many only costs a review.
    """
    digest = hashlib.sha256()
    for directory in directories or (_HERE, _ACTIONS):
        for path in sorted(p for p in directory.rglob("*") if p.suffix in _JUDGES and p.is_file()):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(directory)}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:16]
