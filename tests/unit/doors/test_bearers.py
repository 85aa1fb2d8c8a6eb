"""The file that says who may come through the HTTP door (docs/doors.md §3)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from placet.doors.bearers import BearersInvalid, digest_of, new_token, read_bearers
from placet.pki import issue, make_ca
from placet.rpc.identity import caller_uri, reviewer_uri

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    directory = tmp_path / "pki"
    make_ca(directory)
    issue(directory, "caller-reports", caller_uri("reports"), None)
    issue(directory, "caller-forged", reviewer_uri("forged"), None)
    return directory


def written(path: Path, text: str) -> Path:
    file = path / "tokens.yaml"
    file.write_text(text)
    return file


def line(token: str, caller: str = "reports", **more: str) -> str:
    rest = "".join(f"  {key}: {value}\n" for key, value in more.items())
    return f"- caller: {caller}\n  token_sha256: '{digest_of(token)}'\n  scopes: ['data-*']\n{rest}"


def test_a_token_is_found_by_its_digest_and_ends_with_its_time(tmp_path: Path, pki: Path) -> None:
    token, short = new_token(), new_token()
    (tmp_path / "data").mkdir()
    text = line(token, files="data") + line(short, expires="2026-11-30T23:59:59Z")
    bearers = read_bearers(written(tmp_path, text), pki)

    found = bearers.whose(token, NOW)
    assert found is not None
    assert (found.caller, found.scopes) == ("reports", ("data-*",))
    assert found.folder is not None
    assert found.folder.path == tmp_path / "data"
    assert bearers.whose(short, NOW) is None
    assert bearers.whose(short, datetime(2026, 11, 1, tzinfo=UTC)) is not None
    assert bearers.whose(new_token(), NOW) is None


def test_only_what_we_made_is_a_token_even_if_the_file_has_its_digest(tmp_path: Path, pki: Path) -> None:
    """§3.1: a word that somebody thought of could be guessed from its digest."""
    bearers = read_bearers(written(tmp_path, line("password")), pki)

    assert bearers.whose("password", NOW) is None


def test_tokens_are_long_and_never_the_same() -> None:
    made = {new_token() for _ in range(100)}

    assert len(made) == 100
    assert {len(token) for token in made} == {len("placet_") + 43}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nobody could come in"),
        ("caller: x", "must be a list"),
        ("- [", "cannot be read"),
        ("- caller: reports\n", "line 1: token_sha256: Field required"),
        ("\n\n" + line("t", scope="x"), "line 3: scope: Extra inputs are not permitted"),
        (line("t", caller="'../x'"), "line 1: caller:"),
        (line("t", caller="nobody"), "No such file"),
        (line("t", caller="forged"), "is not the certificate of caller/forged"),
        (line("t", files="missing"), "is no directory"),
        (line("t", expires="2027-01-01T00:00:00"), "needs a time zone"),
        (line("t") + line("t"), "line 4: the token of this line stands in another one too"),
        ("- caller: reports\n  token_sha256: placet_abc\n  scopes: ['*']\n", "line 1: token_sha256:"),
        ("- caller: reports\n  token_sha256: '" + "0" * 64 + "'\n  scopes: []\n", "line 1: scopes:"),
    ],
)
def test_a_file_that_cannot_be_right_keeps_the_door_shut(
    tmp_path: Path, pki: Path, text: str, told: str
) -> None:
    """§3.2: each problem with its line and what to do."""
    with pytest.raises(BearersInvalid) as refused:
        read_bearers(written(tmp_path, text), pki)

    assert told in str(refused.value)


def test_a_file_that_others_may_write_keeps_the_door_shut(tmp_path: Path, pki: Path) -> None:
    """§3.2: whoever can add a line can come in."""
    path = written(tmp_path, line(new_token()))
    path.chmod(0o664)

    with pytest.raises(BearersInvalid, match="can be written by others"):
        read_bearers(path, pki)


def test_all_problems_are_told_at_once(tmp_path: Path, pki: Path) -> None:
    with pytest.raises(BearersInvalid) as refused:
        read_bearers(written(tmp_path, line("a", caller="nobody") + line("b", files="missing")), pki)

    assert len(refused.value.problems) == 2


def test_elsewhere_each_line_names_its_certificate(tmp_path: Path, pki: Path) -> None:
    own = tmp_path / "reports-tls"
    own.mkdir()
    for there, here in (
        ("ca.crt", "ca.pem"),
        ("tls.crt", "caller-reports.pem"),
        ("tls.key", "caller-reports.key"),
    ):
        (own / there).write_bytes((pki / here).read_bytes())
    token = new_token()

    assert read_bearers(written(tmp_path, line(token, tls="reports-tls")), None).whose(token, NOW)
    with pytest.raises(BearersInvalid, match="tls is missing"):
        read_bearers(written(tmp_path, line(token)), None)
