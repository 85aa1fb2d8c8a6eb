"""`placet scope pin` changes digests and the version of a scope's text, and nothing else."""

import hashlib

import pytest

from placet.cli import pinned
from placet.scope import ScopeInvalid, load_scope

A, B = hashlib.sha256(b"a").hexdigest(), hashlib.sha256(b"b").hexdigest()
HEAD = "apiVersion: placet/v1\nkind: Scope\nmetadata: {name: a, version: 9, owner: b}  # who\npurpose: c\n"
AFTER = HEAD.replace("version: 9", "version: 10")

TEXTS = {
    "block": ("files:\n  x.py: %s  # ours\n", "files:\n  x.py: %s  # ours\n"),
    "flow": ("files: {x.py: %s}\nmode: program\n", "files: {x.py: %s}\nmode: program\n"),
    "quoted": ("files: {'x.py': '%s'}\n", "files: {'x.py': %s}\n"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_digest_is_replaced_where_it_stands(name: str) -> None:
    before, after = TEXTS[name]
    text = pinned.with_digests((HEAD + before % A).encode(), {"x.py": B}).decode()
    assert text == AFTER + after % B
    assert load_scope(text.encode()).files == {"x.py": B}


@pytest.mark.parametrize(
    "files",
    [
        "files:\n  x.py:\n",
        "files:\n  x.py: ''\n",
        "files: {x.py: }\n",
        "files: {x.py}\n",
        "files: {x.py: pin}\n",
    ],
)
def test_a_name_without_a_digest_gets_one(files: str) -> None:
    text = pinned.with_digests((HEAD + files).encode(), {"x.py": B})
    assert load_scope(text).files == {"x.py": B}


@pytest.mark.parametrize(
    "files",
    [
        "",
        "files: {}\n",
        "files:\n",
        f"files:\n  x.py: {A}  # ours\n",
        f"files: {{x.py: {A}}}\n",
        f"files:\n    x.py: {A}\nmode: program\n",
        f"files:\n  # the action\n  x.py: {A}\n\n# more\nmode: program",
    ],
)
def test_a_name_that_is_not_there_is_added(files: str) -> None:
    digests = {"x.py": A, "house.yaml": B}
    text = pinned.with_digests((HEAD + files).encode(), digests).decode()
    assert dict(load_scope(text.encode()).files) == digests
    assert [
        comment for comment in ("# who", "# ours", "# the action", "# more") if comment in files + HEAD
    ] == [comment for comment in ("# who", "# ours", "# the action", "# more") if comment in text]
    assert "# ours" not in text or f"x.py: {A}  # ours" in text


def test_what_is_pinned_already_stays_byte_for_byte_with_its_version() -> None:
    document = f"{HEAD}files: {{x.py: {A}}}\n".encode()
    assert pinned.with_digests(document, {"x.py": A}) is document


def test_the_names_are_those_of_files_style_and_own_actions_each_once() -> None:
    document = f"{HEAD}style: house.yaml\nactions: {{own: [x.py, y.py]}}\nfiles: {{x.py: {A}}}\n".encode()
    assert pinned.named(document) == ("x.py", "house.yaml", "y.py")
    assert pinned.style_of(document) == "house.yaml"


def test_a_style_names_its_logo_its_sheet_and_its_fonts() -> None:
    style = b"logo: {file: logo.png}\nsheet: plain.mplstyle\nfont: {files: [a.ttf, b.ttf]}\n"
    assert set(pinned.named_by_style(style)) == {"logo.png", "plain.mplstyle", "a.ttf", "b.ttf"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("files: [x.py]\n", "files: must be a mapping"),
        ("- a\n", "one YAML mapping"),
        ("files: {x.py: 1}", "version"),
    ],
)
def test_what_cannot_be_written_is_refused(text: str, problem: str) -> None:
    document = text if text.startswith("-") else f"{'' if 'x.py: 1' in text else HEAD}{text}"
    with pytest.raises(ScopeInvalid, match=problem):
        pinned.with_digests(document.encode(), {"x.py": A})
