"""A directory of certificates that is replaced as a whole while it is read, as a cluster's Secret is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from placet.pki import issue
from placet.rpc.channel import server_dns
from placet.rpc.identity import service_uri
from placet.rpc.tls import TlsFiles


@dataclass
class Mount:
    """`put` fills its next version; `files` are those of the version that is there."""

    root: Path
    name: str
    uri: str
    dns: str | None = None
    versions: int = 0

    @classmethod
    def of_service(cls, root: Path, name: str) -> Mount:
        return cls(root, name, service_uri(name), server_dns(name))

    @property
    def files(self) -> TlsFiles:
        now = self.root / "now"
        return TlsFiles(now / "ca.pem", now / f"{self.name}.pem", now / f"{self.name}.key")

    def put(self, authority: Path, *also: Path) -> TlsFiles:
        """A new certificate of `authority`; trusted are it and `also`. Returns the version's own files."""
        self.versions += 1
        version = self.root / str(self.versions)
        version.mkdir(parents=True)
        for file in ("ca.pem", "ca.key"):
            shutil.copy(authority / file, version)
        issued = issue(version, self.name, self.uri, self.dns)
        (version / "ca.key").unlink()
        issued.ca.write_bytes(b"".join((each / "ca.pem").read_bytes() for each in (authority, *also)))
        (self.root / "next").symlink_to(version)
        (self.root / "next").replace(self.root / "now")
        return issued
