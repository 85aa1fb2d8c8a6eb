"""What the documents name exists: files, tests, settings; and the repository names no host of a registry."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
DOCS = [REPO / "README.md", REPO / "CHANGELOG.md", *sorted((REPO / "docs").rglob("*.md"))]
NO_PATHS = {"placet/v1", "placet/services", "placet/worker"}  # an apiVersion, and names of images
CODE_ROOTS = (
    "placet/",
    "generator_svc/",
    "guard_svc/",
    "executor_svc/",
    "audit_svc/",
    "protos/",
    "examples/",
    "tests/",
    "docs/",
)


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True, check=True
    )
    return [REPO / name for name in listed.stdout.splitlines() if (REPO / name).is_file()]


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(REPO)))
def test_links_and_paths_exist(document: Path) -> None:
    """Every relative link, and every path in backticks below one of our folders, leads somewhere."""
    text = document.read_text()
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    named = [word for word in re.findall(r"`([\w./-]+)`", text) if word.startswith(CODE_ROOTS)]
    named = [word for word in named if word not in NO_PATHS]
    missing = [link for link in links if link and not (document.parent / link).exists()]
    missing += [name for name in named if not (REPO / name).exists()]

    assert missing == []


def test_every_threat_has_a_test_that_exists() -> None:
    """THREAT_MODEL: no row without a control's file and a test."""
    rows = [
        line
        for line in (REPO / "docs/THREAT_MODEL.md").read_text().splitlines()
        if re.match(r"\| \d+ \|", line)
    ]
    for row in rows:
        tests = re.findall(r"`(tests/[\w./-]+\.py)`", row)
        controls = re.findall(
            r"`((?:placet|guard_svc|executor_svc|generator_svc|audit_svc|protos|deploy)/[\w./-]+)`", row
        )
        assert tests, row
        assert controls, row
        assert all((REPO / name).exists() for name in tests + controls), row
    assert len(rows) >= 12


def test_no_host_of_a_registry_is_named() -> None:
    """Pinned by hash; where packages come from is the machine's business."""
    forbidden = re.compile(
        r"https?://[^ \"']*(/simple/|/packages/|\.whl|\.tar\.gz)|files\.python"
        r"hosted\.org|--(extra-)?index-url"
    )
    hits = [
        str(path.relative_to(REPO))
        for path in tracked_files()
        if path.suffix in {".txt", ".in", ".toml", ".py", ".sh", ".yaml", ".md"}
        or path.name in {"Makefile", "run"}
        if path != Path(__file__) and forbidden.search(path.read_text(errors="replace"))
    ]

    assert hits in ([], ["Makefile"]), hits  # the Makefile says --no-emit-index-url


def test_architecture_is_at_most_two_pages() -> None:
    """Two pages of 60 lines: what is longer is not read."""
    assert len((REPO / "docs/ARCHITECTURE.md").read_text().splitlines()) <= 120


def test_only_the_guard_and_the_human_path_touch_an_approval_key() -> None:
    """ARCHITECTURE, invariants: a new file that imports SigningKey fails here until it is argued for."""
    touching = {
        str(path.relative_to(REPO))
        for path in tracked_files()
        if path.suffix == ".py" and "SigningKey" in path.read_text()
        if path.relative_to(REPO).parts[0]
        in {"placet", "generator_svc", "guard_svc", "executor_svc", "audit_svc"}
        if path.parent != REPO / "placet" / "approval"
    }

    assert touching == {
        "guard_svc/__main__.py",
        "guard_svc/approve.py",
        "placet/cli/keys.py",
        "placet/human_approval.py",
        "placet/local/prepare.py",
    }


def test_the_scripts_for_a_cluster_take_what_the_readme_gives_them() -> None:
    """They need a cluster to do their work; here they say what they take, and the overlay is there."""
    lines = re.findall(r"^\$ (deploy/\S+\.sh)([^#\n]*)", (REPO / "README.md").read_text(), flags=re.MULTILINE)
    assert len(lines) == 3
    for script, words in lines:
        told = subprocess.run([REPO / script, "--help"], capture_output=True, text=True, check=True).stdout
        assert all(option in told for option in re.findall(r"--\w+", words)), script
        overlays = [word for word in words.split() if not word.startswith(("-", "registry."))]
        assert all((REPO / "deploy/overlays" / name).is_dir() for name in overlays), script
