"""`placet audit verify` and bundles: proofs that ask no service, and what they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.text import Text

from placet.approval import KeyFileError, KeySet
from placet.audit import standalone
from placet.audit.trust import PolicyRefused, TrustPolicy, parse_policy
from placet.audit.verify import verify_database
from placet.cli.dataset import verify_dataset
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.cli.outdir import write_whole
from placet.cli.proof import ProofFile, verify_proof
from placet.cli.reported import Evidence, verify_report
from placet.client import PlacetSync
from placet.rpc.errors import ServiceError

Bundle = Annotated[
    Path | None, typer.Argument(metavar="[BUNDLE]", help="A proof bundle; without it, the whole log.")
]
Database = Annotated[str, typer.Option("--database", metavar="FILE|URL", help="Another log's database.")]
CheckpointFile = Annotated[
    Path | None, typer.Option("--checkpoint", metavar="FILE", help="The checkpoint kept outside it.")
]
LogKey = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The log's public key.")]
Kept = Annotated[
    list[Path] | None,
    typer.Option("--kept", metavar="FILE", help="A checkpoint that somebody else kept; repeatable."),
]
Policy = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="Whose witness signatures are needed.")
]
Reviewers = Annotated[
    Path | None,
    typer.Option(
        "--reviewers", metavar="DIR", help="Keys of people: check that they signed what they decided."
    ),
]
BytesOnly = Annotated[
    bool,
    typer.Option(
        "--bytes-only", help="Only that the records are those that were signed: several times as fast."
    ),
]
Dataset = Annotated[
    Path | None,
    typer.Option("--dataset", metavar="FILE", help="Instead: prove a file of labelled verdicts."),
]
ReplayReport = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Instead: prove a signed report of a replay."),
]
Proof = Annotated[
    Path | None,
    typer.Option("--proof", metavar="FILE", help="Instead: prove one record by its .tlog-proof file."),
]
RecordBytes = Annotated[
    Path | None,
    typer.Option(
        "--record", metavar="FILE", help="That record's bytes; without it, the .json beside the proof."
    ),
]


def verify(
    ctx: typer.Context,
    bundle: Bundle = None,
    database: Database = "",
    checkpoint: CheckpointFile = None,
    key: LogKey = None,
    kept: Kept = None,
    policy: Policy = None,
    reviewers: Reviewers = None,
    bytes_only: BytesOnly = False,
    dataset: Dataset = None,
    report: ReplayReport = None,
    proof: Proof = None,
    record: RecordBytes = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Prove the log from its database, its last checkpoint and its public key. Works while the stack is down.

    Exit codes: 0 proven, 1 broken (the first broken record is named), 4 could not answer.

    Examples:

        placet audit verify

        placet audit verify --kept auditor/checkpoint-2026-11-01 --policy witnesses.policy

        placet audit verify --database postgresql://placet_auditor@/placet?host=/run/postgresql

        placet audit verify --reviewers keys/trusted

        placet audit verify --bytes-only

        placet audit verify bundle.zip

        placet audit verify --dataset labels.jsonl --key audit.vkey

        placet audit verify --report placet-replay-812.dsse.json

        placet audit verify --proof records/812.tlog-proof --key audit.vkey --policy witnesses.policy
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    directory = here.state_directory
    if record is not None and proof is None:
        raise typer.BadParameter("--record is what a --proof is about; give both")
    if bytes_only and (bundle or dataset or report or proof or reviewers):
        raise typer.BadParameter("--bytes-only is for a whole log, and looks at nobody's signature")
    vkey = _text_of(key or directory / "keys" / "audit.vkey")
    if proof is not None:
        return verify_proof(here, ProofFile(proof, record, _policy(policy) if policy else None), vkey)
    if bundle is not None:
        return _verify_bundle(here, bundle, vkey, reviewers)
    if dataset is not None:
        return verify_dataset(here, dataset, vkey)
    if report is not None:
        trusted = _reviewers(reviewers or directory / "keys" / "trusted")
        place = database or directory / "audit" / "audit.sqlite"
        return verify_report(here, Evidence(report, place, required=bool(database)), vkey, trusted)
    try:
        found = verify_database(
            database if "://" in database else Path(database or directory / "audit" / "audit.sqlite"),
            checkpoint or directory / "audit" / "checkpoint",
            vkey,
            kept=kept or (),
            policy=_policy(policy) if policy else None,
            reviewers=_reviewers(reviewers) if reviewers else None,
            bytes_only=bytes_only,
        )
    except ValueError as error:
        raise ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "DATABASE_UNFIT", str(error)) from error
    if here.as_json:
        here.emit(found.to_json())
    else:
        _print(here, found.lines(), ok=found.ok)
    return found.exit_code


def write_bundle(here: Invocation, request_id: str, out: Path | None) -> int:
    """Collect a request's bundle from the running log and keep it. Raises ServiceError."""
    target = out or Path(f"{request_id}.bundle.zip")
    with PlacetSync.connect(here.state) as placet:
        packed = placet.bundle(request_id)
    write_whole(target, packed)
    if here.as_json:
        here.emit({"request_id": request_id, "bundle": str(target.absolute()), "size": len(packed)})
    else:
        here.out.print(Text(f"{target} proves request {request_id}: placet audit verify {target}"))
    return Exit.DONE


def _verify_bundle(here: Invocation, bundle: Path, vkey: str, reviewers: Path | None) -> int:
    report = standalone.verify(bundle, vkey, reviewers=reviewers)
    if here.as_json:
        here.emit(report)
    else:
        _print(here, standalone.lines(report), ok=report["ok"])
    return 0 if report["ok"] else 1


def _print(here: Invocation, lines: list[str], *, ok: bool) -> None:
    for line in lines:
        here.out.print(Text(visible(line), style="" if ok else "red"))


def _policy(path: Path) -> TrustPolicy:
    try:
        return parse_policy(path.read_bytes())
    except (OSError, PolicyRefused) as error:
        raise ServiceError(
            grpc.StatusCode.INVALID_ARGUMENT, "POLICY_UNFIT", f"the policy {path} cannot be used: {error}"
        ) from error


def _reviewers(directory: Path) -> KeySet:
    try:
        return KeySet.load(directory)
    except (OSError, KeyFileError) as error:
        raise ServiceError(
            grpc.StatusCode.INVALID_ARGUMENT, "KEYS_UNFIT", f"the keys in {directory} cannot be used: {error}"
        ) from error


def _text_of(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ServiceError(
            grpc.StatusCode.NOT_FOUND,
            "LOG_KEY_MISSING",
            f"the log's public key {path} cannot be read: {error.strerror}; is --state the right directory?",
        ) from error
