"""What the console's scripts compute, held against placet/audit: trees, proofs, notes, texts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from audit_svc.console.characters import pieces
from audit_svc.console.web import environment
from placet.audit.checkpoint import CheckpointRefused, LogSigner, LogVerifier
from placet.audit.cosignature import WitnessSigner
from placet.audit.merkle import ProofRefused, verify_consistency, verify_inclusion
from placet.audit.note import Note
from placet.audit.tiles import WIDTH, Frontier, TiledTree, TileName, count_at
from placet.audit.trust import PolicyRefused, parse_policy
from tests.browser.kit.texts import PAYLOADS
from tests.browser.kit.visitor import Visit

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 31, 255, 256, 257, 511, 512, 700, 65_535, 65_537)
WITH_TILES = """
const merkle = await import("/static/merkle.js");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const tree = (size, tiles) => new merkle.Tree(size, (path) => {
  if (!(path in tiles)) throw new merkle.Refused(path);
  return unhex(tiles[path]);
});
const refused = async (work) => { try { await work(); return ""; } catch (error) {
  return error instanceof merkle.Refused ? error.message : `a mistake: ${error}`; } };
"""


@pytest.fixture(scope="module")
def leaf_hashes() -> list[bytes]:
    return [hashlib.sha256(b"\0%d" % n).digest() for n in range(max(SIZES))]


@pytest.fixture
def page(visit: Visit) -> Page:
    """A page of the console's origin, from which its scripts can be loaded."""
    page = visit()
    page.goto("/login")
    return page


def run(page: Page, script: str, argument: Any) -> Any:
    return page.evaluate(f"async (given) => {{ {WITH_TILES} {script} }}", argument)


class Tiles:
    """The tree of a size, and which of its tiles its proofs need."""

    def __init__(self, size: int, leaf_hashes: list[bytes]) -> None:
        self.size, self._full = size, {}
        frontier = Frontier()
        for tile in frontier.extend(leaf_hashes[:size]):
            self._full[tile.level, tile.index] = tile.hashes
        self.tree = TiledTree(frontier, lambda level, index: self._full[level, index])

    def served(self) -> dict[str, str]:
        """All above the lowest level, and of that the first and the last few."""
        found = {}
        for level in range(3):
            count = count_at(level, self.size)
            for index in range((count + WIDTH - 1) // WIDTH):
                if level == 0 and 2 < index < count // WIDTH - 1:
                    continue
                name = TileName(level, index, min(WIDTH, count - index * WIDTH))
                found[name.path] = self.tree.hashes(name).hex()
        return found


def places(size: int) -> list[int]:
    """Indexes whose proofs lie in the tiles that are served."""
    return sorted({n for n in (0, 1, 2, 3, 5, 8, 200, 255, 256, 400, size - 2, size - 1) if 0 <= n < size})


def cases(leaf_hashes: list[bytes]) -> Iterator[tuple[int, Tiles]]:
    for size in SIZES:
        yield size, Tiles(size, leaf_hashes)


def test_proofs_out_of_tiles_are_those_of_the_log_and_verify(page: Page, leaf_hashes: list[bytes]) -> None:
    script = """
    const made = tree(given.size, given.tiles), found = [];
    for (const index of given.places) {
      const proof = await made.inclusionProof(index);
      const digest = unhex(given.leaves[index]), root = unhex(given.root), other = [root, ...proof.slice(1)];
      await merkle.verifyInclusion(digest, index, given.size, proof, root);
      const wrong = [
        await refused(() => merkle.verifyInclusion(digest, index + 1, given.size, proof, root)),
        await refused(() => merkle.verifyInclusion(digest, index, given.size, [...proof, root], root)),
        await refused(() => merkle.verifyInclusion(root, index, given.size, proof, root.map((b) => b ^ 1))),
        await refused(() => merkle.verifyInclusion(digest, index, given.size, other, root)),
      ];
      found.push({ proof: proof.map(merkle.hex), wrong });
    }
    return found;
    """
    for size, tiles in cases(leaf_hashes):
        indexes = places(size)
        given = {
            "size": size,
            "tiles": tiles.served(),
            "root": tiles.tree.root().hex(),
            "places": indexes,
            "leaves": {str(index): leaf_hashes[index].hex() for index in indexes},
        }
        for index, found in zip(indexes, run(page, script, given), strict=True):
            expected = tiles.tree.inclusion_proof(index, size)
            assert found["proof"] == [digest.hex() for digest in expected], (size, index)
            assert all(found["wrong"]), (size, index, found["wrong"])
            assert not any("mistake" in words for words in found["wrong"]), found["wrong"]
            verify_inclusion(leaf_hashes[index], index, size, expected, tiles.tree.root())


def test_consistency_out_of_tiles_is_that_of_the_log_and_verifies(
    page: Page, leaf_hashes: list[bytes]
) -> None:
    script = """
    const { size } = given, made = tree(size, given.tiles), root = unhex(given.root), found = [];
    for (const { old, oldRoot, otherRoot } of given.olds) {
      const proof = await made.consistencyProof(old), seen = unhex(oldRoot), other = unhex(otherRoot);
      await merkle.verifyConsistency(old, size, seen, root, proof);
      const wrong = [
        await refused(() => merkle.verifyConsistency(old, size, other, root, proof)),
        await refused(() => merkle.verifyConsistency(old, size, seen, other, proof)),
        await refused(() => merkle.verifyConsistency(old, size, seen, root, [...proof, root])),
      ];
      found.push({ proof: proof.map(merkle.hex), wrong });
    }
    return found;
    """
    for size, tiles in cases(leaf_hashes):
        olds = [old for old in places(size + 1) if old]
        given = {
            "size": size,
            "tiles": tiles.served(),
            "root": tiles.tree.root().hex(),
            "olds": [
                {"old": old, "oldRoot": tiles.tree.root(old).hex(), "otherRoot": bytes(32).hex()}
                for old in olds
            ],
        }
        for old, found in zip(olds, run(page, script, given), strict=True):
            expected = tiles.tree.consistency_proof(old, size)
            assert found["proof"] == [digest.hex() for digest in expected], (size, old)
            assert all(found["wrong"]), (size, old, found["wrong"])
            verify_consistency(old, size, tiles.tree.root(old), tiles.tree.root(), expected)
            with pytest.raises(ProofRefused):
                verify_consistency(old, size, bytes(32), tiles.tree.root(), expected)


SIGNER = LogSigner.generate("placet.local/log")
OTHER = LogSigner.generate("placet.local/log")
NOTE = SIGNER.sign(300, hashlib.sha256(b"root").digest())


def spoilt_base64(note: str) -> str:
    head, value = note.rstrip("\n").rsplit(" ", 1)
    return f"{head} {value[:-1]}\n"


def wrong_signature(note: str) -> str:
    head, value = note.rstrip("\n").rsplit(" ", 1)
    signed = bytearray(base64.b64decode(value))
    signed[-1] ^= 1
    return f"{head} {base64.b64encode(signed).decode()}\n"


NOTES = {
    "sound": NOTE,
    "and-another-key": NOTE + OTHER.sign(300, hashlib.sha256(b"root").digest()).rsplit("\n\n", 1)[1],
    "and-a-wrong-line": NOTE + wrong_signature(NOTE).rsplit("\n\n", 1)[1],
    "foreign": OTHER.sign(300, bytes(32)),
    "wrong-signature": wrong_signature(NOTE),
    "spoilt-base64": spoilt_base64(NOTE),
    "other-size": NOTE.replace("\n300\n", "\n301\n"),
    "leading-zero": SIGNER.sign_note(NOTE.partition("\n\n")[0].replace("\n300\n", "\n0300\n") + "\n"),
    "short-root": SIGNER.sign_note("placet.local/log\n300\nAAAA\n"),
    "four-lines": SIGNER.sign_note(NOTE.partition("\n\n")[0] + "\nmore\n"),
    "other-origin": SIGNER.sign_note(NOTE.partition("\n\n")[0].replace("placet.local", "other.local") + "\n"),
    "no-signature": NOTE.partition("\n\n")[0] + "\n\n",
    "no-blank-line": NOTE.replace("\n\n", "\n"),
    "no-newline": NOTE.rstrip("\n"),
    "carriage-return": NOTE.replace("\n", "\r\n"),
    "control": NOTE.replace("300", "300\x07"),
    "hyphen": NOTE.replace("\u2014", "-"),
    "two-spaces": NOTE.replace("\u2014 ", "\u2014  "),
    "many": NOTE + NOTE.rsplit("\n\n", 1)[1] * 64,
    "empty": "",
}


def test_a_note_is_accepted_exactly_when_the_log_s_own_code_accepts_it(page: Page) -> None:
    script = """
    const { Key, openCheckpoint } = await import("/static/note.js");
    const found = {};
    for (const [name, note] of Object.entries(given.notes)) {
      found[name] = await refused(async () => openCheckpoint(note, await Key.parse(given.vkey)));
    }
    return found;
    """
    vkey = SIGNER.verifier.vkey
    found = run(page, script, {"notes": NOTES, "vkey": vkey})
    for name, note in NOTES.items():
        try:
            LogVerifier.from_vkey(vkey).open(note)
            accepted = True
        except CheckpointRefused:
            accepted = False
        assert accepted == (found[name] == ""), (name, found[name])
        assert "mistake" not in found[name], (name, found[name])
    assert found["sound"] == ""
    assert sum(words == "" for words in found.values()) == 2


def test_a_key_is_read_exactly_as_the_log_s_own_code_reads_it(page: Page) -> None:
    vkey = SIGNER.verifier.vkey
    name, key_id, key = vkey.split("+", 2)
    keys = [
        vkey,
        f"{name}+00000000+{key}",
        f"{name}x+{key_id}+{key}",
        f"{name}+{key_id}",
        "",
        f"{name}+{key_id}+AAAA",
    ]
    script = """
    const { Key } = await import("/static/note.js");
    const found = [];
    for (const vkey of given) found.push(await refused(() => Key.parse(vkey)));
    return found;
    """
    found = run(page, script, keys)
    for key, words in zip(keys, found, strict=True):
        try:
            LogVerifier.from_vkey(key)
            assert words == "", key
        except CheckpointRefused:
            assert words, key
            assert "mistake" not in words


ONE, TWO, THREE = (WitnessSigner.generate(f"w{n}.example/witness") for n in (1, 2, 3))
TEXT = NOTE.partition("\n\n")[0] + "\n"
AT = 1_760_000_000


def by_witness(signer: WitnessSigner, time_s: int = AT, text: str = TEXT) -> str:
    return signer.cosign(text, time_s)


def witness(name: str, signer: WitnessSigner) -> str:
    return f"witness {name} {signer.verifier.vkey}\n"


TWO_OF_THREE = (
    witness("a", ONE) + witness("b", TWO) + witness("c", THREE) + "group most 2 a b c\nquorum most\n"
)
POLICIES = {
    "one": witness("a", ONE) + "quorum a\n",
    "two-of-three": TWO_OF_THREE,
    "comments, blanks and tabs": "# who\n\n" + TWO_OF_THREE.replace(" a ", "\ta \t"),
    "a log and addresses": f"log {SIGNER.verifier.vkey} https://log\n"
    f"{witness('a', ONE)[:-1]} https://w\nquorum a",
    "nested": TWO_OF_THREE.replace("quorum most", "group either any most\nquorum either"),
    "all": TWO_OF_THREE.replace("most 2", "most all"),
    "nobody": "quorum none\n",
    "no quorum": witness("a", ONE),
    "two quorums": witness("a", ONE) + "quorum a\nquorum a\n",
    "not defined": "quorum a\n",
    "defined below": "group g any a\n" + witness("a", ONE) + "quorum g\n",
    "a key twice": witness("a", ONE) + witness("b", ONE) + "quorum a\n",
    "a name twice": witness("a", ONE) + witness("a", TWO) + "quorum a\n",
    "called none": witness("none", ONE) + "quorum none\n",
    "in two groups": witness("a", ONE) + "group g any a\ngroup h any a\nquorum h\n",
    "too many": witness("a", ONE) + "group g 2 a\nquorum g\n",
    "none of them": witness("a", ONE) + "group g 0 a\nquorum g\n",
    "a log's key": f"witness a {SIGNER.verifier.vkey}\nquorum a\n",
    "a witness's key": f"log {ONE.verifier.vkey}\n{witness('a', TWO)}quorum a\n",
    "the log witnesses itself": f"log {SIGNER.verifier.vkey}\n" + witness("a", ONE) + "quorum a b\n",
    "unknown line": "hello world\n" + witness("a", ONE) + "quorum a\n",
    "carriage return": (witness("a", ONE) + "quorum a\n").replace("\n", "\r\n"),
    "control": witness("a", ONE) + "# \x07\nquorum a\n",
    "empty": "",
}
COSIGNED = {
    "nobody": NOTE,
    "one": NOTE + by_witness(ONE),
    "two": NOTE + by_witness(ONE) + by_witness(THREE),
    "one twice": NOTE + by_witness(ONE) + by_witness(ONE, AT + 1),
    "three, one of them wrong": NOTE
    + by_witness(ONE)
    + by_witness(TWO)
    + wrong_signature("\n\n" + by_witness(THREE)).lstrip("\n"),
    "another text": NOTE + by_witness(ONE, text=TEXT.replace("300", "301")),
    "no time": NOTE + by_witness(ONE, 0),
    "a time out of range": NOTE + by_witness(ONE, 2**63),
    "a stranger": NOTE + by_witness(WitnessSigner.generate("w1.example/witness")),
}


def test_a_policy_and_its_cosignatures_count_exactly_as_in_the_log_s_own_code(page: Page) -> None:
    """Every policy with every checkpoint: refused, met by whom, or not met."""
    script = """
    const { Policy } = await import("/static/witness.js");
    const found = {};
    for (const [name, text] of Object.entries(given.policies)) {
      let policy;
      const words = await refused(async () => { policy = await Policy.parse(text); });
      if (words.includes("mistake")) throw new Error(words);
      for (const [at, note] of Object.entries(given.notes)) {
        let told = "refused";
        if (policy) {
          const wrong = await refused(async () => {
            const cosigners = await policy.cosigners(note);
            told = `${policy.isMet(cosigners)} ${[...cosigners].flat().join(" ")}`.trim();
          });
          if (wrong.includes("mistake")) throw new Error(wrong);
        }
        found[`${name}/${at}`] = told;
      }
    }
    return found;
    """
    found = run(page, script, {"policies": POLICIES, "notes": COSIGNED})
    expected = {
        f"{name}/{at}": judged(text, note) for name, text in POLICIES.items() for at, note in COSIGNED.items()
    }
    assert found == expected
    assert {words.partition(" ")[0] for words in expected.values()} == {"refused", "true", "false"}


def judged(text: str, note: str) -> str:
    """What trust.py says of a note under a policy."""
    try:
        policy = parse_policy(text.encode())
        cosignatures = policy.cosignatures(Note.parse(note))
    except (PolicyRefused, CheckpointRefused):
        return "refused"
    told = [f"{name} {cosignature.time_s}" for name, cosignature in cosignatures.items()]
    return " ".join([str(policy.is_met(cosignatures)).lower(), *told])


def test_the_text_of_an_element_is_what_was_put_into_it(page: Page) -> None:
    """For the digest that a person signs: markup, quotes, blanks and what hides come back as they were."""
    texts = [
        *PAYLOADS,
        "",
        "\n",
        "\n\nx\n",
        " a  b\t\n",
        "a\r\nb\x00c\x1b[31m",
        "&amp;&#x202e;",
        "\u200b" * 3,
        "🙂e\u0301",
    ]
    template = environment().from_string(
        '{% from "text.html" import drawn %}<code>{{ drawn(text|pieces) }}</code>'
    )
    drawn = "".join(template.render(text=text) for text in texts)
    page.route(
        "**/texts",
        lambda route: route.fulfill(body=f"<!doctype html>{drawn}", content_type="text/html; charset=utf-8"),
    )
    page.goto("/texts")
    found = page.evaluate(
        """async () => {
        const { textOf } = await import("/static/text.js");
        return [...document.querySelectorAll("code")].map(textOf);
        }"""
    )
    assert found == texts
    assert all("".join(piece.text for piece in pieces(text)) == text for text in texts)
