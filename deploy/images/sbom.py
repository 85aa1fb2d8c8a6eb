"""Print what an image is made of, as CycloneDX 1.6 JSON: Debian's packages, and Python's in environments.

    python3 sbom.py NAME ENVIRONMENT...

Debian's are those that bare_root.py took (var/lib/dpkg/status.d). The same image gives the same bytes: there
is no time in it, and its serial number is a digest of its content. Runs in the build; standard library only.
"""

from __future__ import annotations

import json
import sys
import uuid
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

STATUS = Path("/var/lib/dpkg/status.d")
RELEASE = Path("/etc/os-release")


def debian(stanza: str, release: str) -> dict[str, Any]:
    """The component of one package, from what `dpkg -s` says of it."""
    said = HeaderParser().parsestr(stanza)
    name, version = said["Package"], said["Version"]
    purl = (
        f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={said['Architecture']}&distro=debian-{release}"
    )
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "supplier": {"name": said["Maintainer"]},
    }


def python(found: Distribution, environment: str) -> dict[str, Any]:
    """The component of one Python package; its licence in the words of its own metadata."""
    name = found.metadata["Name"].lower().replace("_", "-")
    purl = f"pkg:pypi/{name}@{quote(found.version, safe='')}"
    said = found.metadata.get("License-Expression")
    licence = {"licenses": [{"expression": said}]} if said else {}
    return {
        "type": "library",
        "bom-ref": f"{purl}#{environment.lstrip('/')}",
        "name": name,
        "version": found.version,
        "purl": purl,
        **licence,
        "properties": [{"name": "placet:environment", "value": environment}],
    }


def bill(name: str, environments: list[str]) -> dict[str, Any]:
    """The whole bill of materials."""
    release = dict(line.split("=", 1) for line in RELEASE.read_text().splitlines() if "=" in line)
    number = release["VERSION_ID"].strip('"')
    components = [debian(path.read_text(), number) for path in sorted(STATUS.iterdir())]
    for environment in environments:
        (site,) = Path(environment).glob("lib/python3.*/site-packages")
        late = Path(environment) / "late"  # what may stand in both is in the image twice
        for place, path in ((environment, site), (str(late), late)):
            found = sorted(distributions(path=[str(path)]), key=lambda one: one.metadata["Name"].lower())
            components += [python(one, place) for one in found]
    version = next(one["version"] for one in components if one["name"] == "placet")
    image = {"type": "container", "bom-ref": name, "name": name, "version": version}
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([image, components]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": image},
        "components": components,
    }


if __name__ == "__main__":
    json.dump(bill(sys.argv[1], sys.argv[2:]), sys.stdout, indent=1)
