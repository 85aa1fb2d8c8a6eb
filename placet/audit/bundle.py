"""One zip that proves one request to somebody who has only the log's public key (docs/audit-format.md §15).

Knows the bundle's files. Pure: must not know where records and proofs come from, and proves nothing itself.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from placet.audit.proof import Proof
from placet.audit.reader import StoredBody

FORMAT: Final = "placet-bundle/1"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The same records give the same bytes."""
_README: Final = """\
This bundle proves what the audit log of Placet holds on request {request_id}.

    python3 verify.py BUNDLE.zip --key audit.vkey

needs Python 3.9 or newer and the package `cryptography`. `audit.vkey` is the log's public key. Take it, and
if you like this verifier as well, from a source that you trust, not from this bundle. Exit code: 0 proven,
1 broken, 2 it fits together, but under the key that came with it. docs/audit-format.md of Placet says what
is checked.
"""


@dataclass(frozen=True)
class Exhibit:
    """One record with its inclusion proof, and the bodies that are still kept."""

    index: int
    leaf: bytes
    hashes: tuple[bytes, ...]
    """Siblings from the leaf up, under the bundle's checkpoint."""
    bodies: tuple[StoredBody, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """All that proves one request."""

    request_id: str
    vkey: str
    """The log's key, as a hint: whoever verifies takes it from elsewhere."""
    checkpoint: str
    """The signed note under which all proofs are, with its cosignatures."""
    exhibits: tuple[Exhibit, ...]
    """By index, ascending."""

    def to_zip(self) -> bytes:
        """The file's bytes."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self._files():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
        return packed.getvalue()

    def _files(self) -> Iterator[tuple[str, bytes]]:
        yield "README.txt", _README.format(request_id=self.request_id).encode()
        yield "verify.py", standalone_verifier()
        yield "bundle.json", json.dumps(self._manifest(), indent=1).encode()
        yield "checkpoint", self.checkpoint.encode()
        for exhibit in self.exhibits:
            proof = Proof(exhibit.index, exhibit.hashes, self.checkpoint)
            yield f"records/{exhibit.index}.json", exhibit.leaf
            yield f"records/{exhibit.index}.tlog-proof", proof.to_text().encode()
            for number, body in enumerate(exhibit.bodies):
                yield f"bodies/{exhibit.index}-{number}", body.content

    def _manifest(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "request_id": self.request_id,
            "vkey": self.vkey,
            "checkpoint": "checkpoint",
            "records": [_entry(exhibit) for exhibit in self.exhibits],
        }


def _entry(exhibit: Exhibit) -> dict[str, object]:
    index = exhibit.index
    return {
        "index": index,
        "leaf": f"records/{index}.json",
        "proof": f"records/{index}.tlog-proof",
        "bodies": [
            {"role": body.role, "salt": body.salt.hex(), "file": f"bodies/{index}-{number}"}
            for number, body in enumerate(exhibit.bodies)
        ],
    }


def standalone_verifier() -> bytes:
    """The source of `verify.py`: placet/audit/standalone.py, which imports nothing of Placet."""
    return files("placet.audit").joinpath("standalone.py").read_bytes()
