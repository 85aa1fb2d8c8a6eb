"""docs/doors.md: what it shows can be done as it stands there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.main import get_command

from placet.cli.main import app
from placet.doors.asked import TOOLS
from placet.doors.bearers import read_bearers
from placet.pki import issue, make_ca
from placet.rpc.identity import caller_uri

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "doors.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.+?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"), ids=["langchain", "openai"])
def test_the_lines_for_a_library_make_its_tools(block: str) -> None:
    names: dict[str, object] = {}
    exec(block, names)

    tools = names.get("tools") or getattr(names["agent"], "tools")  # noqa: B009  (an agent of either shape)
    assert [tool.name for tool in tools] == list(TOOLS)  # type: ignore[attr-defined]


def test_the_file_of_tokens_is_one(tmp_path: Path) -> None:
    """With the certificate and the folder where it says that they are."""
    (block,) = blocks("yaml")
    (tmp_path / "tokens.yaml").write_text(block)
    (tmp_path / "reports").mkdir()
    make_ca(tmp_path)
    own = issue(tmp_path, "caller-reports", caller_uri("reports"), None)
    there = tmp_path / "pki" / "reports"
    there.mkdir(parents=True)
    for name, path in (("ca.crt", own.ca), ("tls.crt", own.cert), ("tls.key", own.key)):
        (there / name).write_bytes(path.read_bytes())

    (bearer,) = read_bearers(tmp_path / "tokens.yaml", None).by_digest.values()
    assert (bearer.caller, bearer.scopes) == ("reports", ("data-*",))
    assert bearer.expires == datetime(2027, 3, 1, tzinfo=UTC)


def test_the_commands_have_the_options_that_it_names() -> None:
    command = get_command(app)
    verb = command.commands["mcp"]  # type: ignore[attr-defined]
    options = {option for parameter in verb.params for option in parameter.opts}
    host = json.loads(blocks("json")[0])["mcpServers"]["placet"]["args"]
    shown = [
        word for line in re.findall(r"^\$ placet mcp (.+)$", PAGE, re.MULTILINE) for word in line.split()
    ]

    assert {word for word in [*host, *shown] if word.startswith("--")} <= options
