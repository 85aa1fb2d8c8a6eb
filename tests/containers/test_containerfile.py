"""The Containerfile, read and not built."""

from __future__ import annotations

import subprocess

from tests.containers.kit.engine import ROOT
from tests.deploy.kit.manifests import tool

FILE = ROOT / "deploy" / "images" / "Containerfile"
NOT_FOR_US = {
    "DL3008": "Debian's packages have the base's versions; which ones an image has is told in its bill",
    "DL3009": "package lists stay in a stage of the build, and no image is made from it",
}


def test_a_linter_finds_nothing_that_is_not_meant() -> None:
    ignored = [word for rule in NOT_FOR_US for word in ("--ignore", rule)]
    done = subprocess.run([tool("hadolint"), *ignored, FILE], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_what_is_installed_is_pinned_by_hash_and_nothing_is_built_from_source() -> None:
    script = (FILE.parent / "environment.sh").read_text()
    assert "--require-hashes --only-binary :all:" in script
    assert "pip install" not in FILE.read_text().replace("pip install --quiet --require-hashes", "")
