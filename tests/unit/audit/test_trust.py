"""Trust policies and proof files: docs/audit-format.md §14, with the specification's example."""

from __future__ import annotations

import pytest

from placet.audit.checkpoint import Checkpoint, CheckpointRefused, LogSigner
from placet.audit.cosignature import WitnessSigner
from placet.audit.merkle import ProofRefused
from placet.audit.note import b64
from placet.audit.proof import Proof
from placet.audit.trust import PolicyRefused, TrustPolicy, parse_policy
from tests.fakes.witnesses import Story

STORY = Story()
LOG = STORY.signer
WITNESSES = {name: WitnessSigner.generate(f"{name}.example") for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")}
LINES = {name: f"witness {name} {signer.verifier.vkey}" for name, signer in WITNESSES.items()}
X1 = WITNESSES["X1"].verifier
EXAMPLE = "\n".join(
    [
        f"log {LOG.verifier.vkey}",
        "",
        LINES["X1"],
        LINES["X2"],
        LINES["X3"],
        "group X-witnesses 2 X1 X2 X3",
        "",
        LINES["Y1"],
        LINES["Y2"],
        LINES["Y3"],
        "group Y-witnesses any Y1 Y2 Y3",
        "",
        "group X-and-Y all X-witnesses Y-witnesses",
        "quorum X-and-Y",
        "",
    ]
)


def policy(*lines: str) -> TrustPolicy:
    return parse_policy("\n".join(lines).encode() + b"\n")


def cosigned(note: str, *names: str) -> str:
    text = note.partition("\n\n")[0] + "\n"
    return note + "".join(WITNESSES[name].cosign(text, 1_800_000_000) for name in names)


@pytest.mark.parametrize(
    ("names", "is_met"),
    [
        ([], False),
        (["X1", "X2"], False),
        (["X1", "Y1"], False),
        (["Y1", "Y2", "Y3"], False),
        (["X1", "X2", "Y3"], True),
        (["X2", "X3", "Y1"], True),
        (["X1", "X2", "X3", "Y1", "Y2", "Y3"], True),
    ],
)
def test_the_specifications_example_asks_for_two_of_one_and_one_of_the_other(
    names: list[str], is_met: bool
) -> None:
    found = parse_policy(EXAMPLE.encode())
    note = cosigned(STORY.checkpoint(5), *names)

    assert found.is_met(names) is is_met
    if is_met:
        trusted = found.open(note)
        assert trusted.checkpoint.size == 5
        assert sorted(trusted.cosignatures) == sorted(names)
    else:
        with pytest.raises(CheckpointRefused, match="quorum"):
            found.open(note)


def test_without_a_quorum_the_logs_signature_is_enough() -> None:
    assert policy(f"log {LOG.verifier.vkey}", "quorum none").open(STORY.checkpoint(3)).checkpoint.size == 3


def test_a_log_known_otherwise_need_not_be_named() -> None:
    assert policy("quorum none").open(STORY.checkpoint(3), [LOG.verifier]).checkpoint.size == 3
    with pytest.raises(CheckpointRefused, match="no trusted log"):
        policy("quorum none").open(STORY.checkpoint(3))


def test_a_log_does_not_speak_for_another_origin() -> None:
    """§14.2: signed under that log's own origin."""
    note = LOG.sign_note(Checkpoint("other.example/log", 3, bytes(32)).text())
    other = LogSigner.generate("other.example/log")
    with pytest.raises(CheckpointRefused, match="no trusted log"):
        policy(f"log {LOG.verifier.vkey}", f"log {other.verifier.vkey}", "quorum none").open(note)


def test_cosignatures_alone_do_not_make_a_checkpoint_trusted() -> None:
    thief = LogSigner.generate(LOG.name)
    note = cosigned(Story(thief).checkpoint(5), "X1", "X2", "Y1")
    with pytest.raises(CheckpointRefused, match="no trusted log"):
        parse_policy(EXAMPLE.encode()).open(note)


def test_a_cosignature_of_another_checkpoint_does_not_count() -> None:
    moved = cosigned(STORY.checkpoint(4), "X1").split("\n\n")[1].split("\n")[1] + "\n"
    with pytest.raises(CheckpointRefused, match="does not match"):
        policy(LINES["X1"], "quorum X1").open(STORY.checkpoint(5) + moved, [LOG.verifier])


def test_white_space_comments_and_urls_are_read() -> None:
    found = policy(
        "\n# comment\n\t # another",
        f"\twitness \t X1  {X1.vkey}   https://w1.example/  ",
        f"log {LOG.verifier.vkey} https://log.example",
        "  quorum\tX1",
    )

    assert found.witnesses["X1"].url == "https://w1.example/"
    assert found.logs[0].url == "https://log.example"
    assert found.quorum == "X1"


def test_names_are_opaque_octets_and_keywords_are_names() -> None:
    kelvin = b"\xe2\x84\xaa"
    line = b"witness %s " + X1.vkey.encode() + b"\nquorum %s\n"
    parse_policy(line % (kelvin, kelvin))
    parse_policy(line % (b"w\x80", b"w\x80"))
    with pytest.raises(PolicyRefused, match="not defined"):
        parse_policy(line % (kelvin, b"K"))
    found = policy(
        f"witness all {X1.vkey}",
        f"witness any {WITNESSES['X2'].verifier.vkey}",
        "group group 2 all any",
        "quorum group",
    )
    assert found.is_met(["all", "any"])
    assert not found.is_met(["all"])


PLAIN_KEY = LogSigner.generate("X1.example").verifier.vkey
IMPOSTOR = f"impostor.example+{'0' * 8}+{b64(X1.kind + X1.public)}"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["quorum none", "\x01"], "control"),
        (["quorum none\r"], "control"),
        ([], "exactly one quorum"),
        ([LINES["X1"]], "exactly one quorum"),
        (["quibble X1", "quorum none"], "line 1: expected"),
        (["log", "quorum none"], "expected"),
        (["log garbage", "quorum none"], "verification key"),
        ([f"log {X1.vkey}", "quorum none"], "0x01"),
        (
            [f"log {LOG.verifier.vkey}", f"log {LOG.verifier.vkey} https://log.example", "quorum none"],
            "line 2",
        ),
        ([LINES["X1"] + " https://w.example # comment", "quorum X1"], "expected"),
        (["witness X1", "quorum none"], "expected"),
        ([f"witness X1 {PLAIN_KEY}", "quorum X1"], "0x04"),
        ([f"witness none {X1.vkey}", "quorum none"], "taken"),
        ([LINES["X1"], LINES["X1"], "quorum X1"], "taken"),
        ([LINES["X1"], f"witness X2 {X1.vkey}", "quorum X1"], "another line"),
        ([LINES["X1"], f"witness X2 {IMPOSTOR}", "quorum X1"], "id does not match"),
        ([LINES["X1"], "group X1 any X1", "quorum X1"], "taken"),
        ([LINES["X1"], "group none any X1", "quorum none"], "taken"),
        ([LINES["X1"], "group g", "quorum X1"], "expected"),
        ([LINES["X1"], "group g 1", "quorum X1"], "expected"),
        ([LINES["X1"], "group g 0 X1", "quorum g"], "threshold"),
        ([LINES["X1"], "group g -1 X1", "quorum g"], "threshold"),
        ([LINES["X1"], "group g 01 X1", "quorum g"], "threshold"),
        ([LINES["X1"], "group g 2 X1", "quorum g"], "threshold"),
        ([LINES["X1"], "group g any X2", "quorum g"], "not defined"),
        (["group g any X1", LINES["X1"], "quorum g"], "not defined"),
        ([LINES["X1"], "group g any none X1", "quorum g"], "not defined"),
        ([LINES["X1"], "group g all X1 X1", "quorum g"], "already"),
        ([LINES["X1"], LINES["X2"], "group g any X1 X2", "group h any X1", "quorum g"], "already"),
        ([LINES["X1"], "quorum X1", "quorum X1"], "second quorum"),
        (["quorum X1", LINES["X1"]], "not defined"),
        (["quorum unknown"], "not defined"),
        (["quorum"], "expected"),
        ([f"log {LOG.verifier.vkey}", "witness own " + "{own}", "quorum own"], "another line"),
    ],
)
def test_a_policy_that_says_anything_else_is_refused(lines: list[str], why: str) -> None:
    """§14.1."""
    own = WitnessSigner("own.example", LOG._key).verifier.vkey
    with pytest.raises(PolicyRefused, match=why):
        policy(*(line.replace("{own}", own) for line in lines))


def proof(size: int = 11, index: int = 6, *names: str) -> Proof:
    hashes = STORY.tree(size).inclusion_proof(index, size)
    return Proof(index, tuple(hashes), cosigned(STORY.checkpoint(size), *names))


def test_a_proof_file_carries_its_cosignatures_and_stands_alone() -> None:
    text = proof(11, 6, "X1", "X2", "Y1").to_text()
    read = Proof.from_text(text)

    assert read.to_text() == text
    assert read.verify(STORY.leaves[6], LOG.verifier).size == 11
    assert sorted(read.verify_trusted(STORY.leaves[6], parse_policy(EXAMPLE.encode())).cosignatures) == [
        "X1",
        "X2",
        "Y1",
    ]


def test_a_proof_without_the_quorum_proves_nothing_to_who_asks_for_it() -> None:
    with pytest.raises(CheckpointRefused, match="quorum"):
        proof(11, 6, "X1", "X2").verify_trusted(STORY.leaves[6], parse_policy(EXAMPLE.encode()))


def test_a_proof_is_for_its_own_leaf_and_place() -> None:
    trusted = parse_policy(EXAMPLE.encode())
    good = proof(11, 6, "X1", "X2", "Y1")
    with pytest.raises(ProofRefused):
        good.verify_trusted(STORY.leaves[5], trusted)
    with pytest.raises(ProofRefused):
        Proof(5, good.hashes, good.checkpoint).verify_trusted(STORY.leaves[6], trusted)


def test_the_lines_are_those_of_the_specification() -> None:
    one, two = bytes(32), bytes(range(32))
    text = f"c2sp.org/tlog-proof@v1\nextra {b64(b'more')}\nindex 10\n{b64(one)}\n{b64(two)}\n\na checkpoint\n"

    assert Proof(10, (one, two), "a checkpoint\n", b"more").to_text() == text
    assert Proof.from_text(text) == Proof(10, (one, two), "a checkpoint\n", b"more")
    assert Proof.from_text("c2sp.org/tlog-proof@v1\nindex 0\n\nc\n") == Proof(0, (), "c\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nc\n",
        "c2sp.org/tlog-proof@v1\n\nc\n",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nc\n",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nc\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n!!\n\nc\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAB=\n\nc\n",
        "c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\nc\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nc\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\nc\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + "AAAA\n" * 64 + "\nc\n",
    ],
)
def test_a_malformed_proof_file_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        Proof.from_text(text)
