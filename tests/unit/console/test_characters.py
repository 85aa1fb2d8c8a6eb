"""What hides in a text is told apart, and nothing is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_svc.console.characters import is_unseen, pieces

ANY = st.text(alphabet=st.characters(), max_size=40)


@given(ANY)
def test_the_pieces_of_a_text_are_that_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text


@given(ANY)
def test_a_seen_piece_holds_nothing_that_hides(text: str) -> None:
    for piece in pieces(text):
        if piece.unseen:
            assert len(piece.text) == 1
            assert chr(int(piece.code, 16)) == piece.text
        else:
            assert not any(map(is_unseen, piece.text))


@pytest.mark.parametrize(
    "character",
    [
        "\u3164",
        "\ufe0f",
        "\U000e0041",
        "\U000e0100",
        "\u2800",
        "\u034f",
        "\u180e",
        "\ue000",
        "\xad",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\x00",
        "\x1b",
        "\r",
        "\x0c",
        "\x85",
        "\u2028",
        "\xa0",
    ],
)
def test_a_character_that_steers_or_is_blank_is_unseen(character: str) -> None:
    (before, found, after) = pieces(f"a{character}b")
    assert (before.text, found.text, found.unseen, after.text) == ("a", character, True, "b")


def test_every_format_and_control_character_is_unseen() -> None:
    hiding = (chr(n) for n in range(0x30000) if unicodedata.category(chr(n)) in ("Cc", "Cf", "Zl", "Zp"))
    assert [c for c in hiding if not is_unseen(c) and c not in "\n\t"] == []


@pytest.mark.parametrize(
    "text", ["", "plain", "two\nlines\tand a tab", "Größe ≤ 3 µm", "日本語", "שלום", "🙂"]
)
def test_ordinary_text_stays_whole(text: str) -> None:
    assert [piece.text for piece in pieces(text)] == [text]


def test_what_is_no_string_is_shown_too() -> None:
    assert [piece.text for piece in pieces(7)] == ["7"]
