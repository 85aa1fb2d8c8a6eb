"""docs/controllability.md: its commands end as it says, and its example is the one that is shipped."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from placet.cli.main import run

REPO = Path(__file__).resolve().parents[2]
PAGE = (REPO / "docs/controllability.md").read_text()
DIFFERS = 1


def commands() -> list[list[str]]:
    return [
        shlex.split(line) for line in re.findall(r"^\$ \.venv/bin/placet (.+)$", PAGE, flags=re.MULTILINE)
    ]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_ends_as_the_page_says(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a copy of the examples: `pin` writes where it must, and nothing needs a running stack."""
    shutil.copytree(REPO / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)

    assert run(words) == (DIFFERS if words[:2] == ["scope", "diff"] else 0)
    for example in ("reporting", "published"):  # shipped as pinned
        name = f"examples/scopes/{example}.yaml"
        assert (tmp_path / name).read_bytes() == (REPO / name).read_bytes()


def test_the_action_is_the_shipped_one() -> None:
    (block,) = re.findall(r"```python\n(.+?)```", PAGE, flags=re.DOTALL)
    assert block in (REPO / "examples/scopes/actions/economics.py").read_text()


def test_the_catalogue_has_as_many_actions_as_the_page_says() -> None:
    shown = re.findall(
        r"^def [a-z]",
        "\n".join(path.read_text() for path in (REPO / "placet/actions/library").glob("*.py")),
        flags=re.MULTILINE,
    )
    assert f"catalogue of {len(shown)} actions" in PAGE
    assert f"[{len(shown)} typed actions]" in (REPO / "README.md").read_text()
