"""What kind of file something is: by its suffix and by its content, which must agree.

docs/contract.md §2. Everything that is looked at is hostile bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from executor_svc.delivery.inside.files import columnar, workbooks
from executor_svc.delivery.inside.files.marked import check_svg
from executor_svc.delivery.inside.files.pictures import check_png
from executor_svc.delivery.inside.files.plain import Active, NotOfKind, json_of, text_of
from executor_svc.delivery.inside.files.separated import Separated, Unreadable

SUFFIXES: Final[Mapping[str, str]] = {
    **{f".{kind}": kind for kind in ("txt", "png", "svg", "pdf", "csv", "json", "parquet", "xlsx")},
    ".tsv": "csv",
    ".md": "txt",
    ".log": "txt",
}
_PDF_ACTIVE = re.compile(
    rb"/(?:JavaScript|JS|Launch|OpenAction|AA|EmbeddedFiles?|URI|SubmitForm|RichMedia|GoTo[RE]|ImportData|XFA)\b"
)
_PDF_HIDDEN = re.compile(rb"/(?:ObjStm|Encrypt)\b")
"""Objects that cannot be looked at: packed or encrypted."""
_PDF_LETTER = re.compile(rb"#([0-9a-fA-F]{2})")
"""A letter of a name, written as its code."""


def kind_of(name: str) -> str:
    """By its suffix; empty when that says none that we know."""
    return SUFFIXES.get(PurePosixPath(name).suffix.lower(), "")


def check(kind: str, path: Path) -> None:
    """Raises NotOfKind, Active."""
    _CHECKS[kind](path)


def _csv(path: Path) -> None:
    text_of(path)
    try:
        for _ in Separated.of(path).rows():
            pass
    except Unreadable as error:
        raise NotOfKind(f"it is no table: {error}") from None


def _pdf(path: Path) -> None:
    content = path.read_bytes()
    if not content.startswith(b"%PDF-1.") or not content.rstrip(b"\r\n").endswith(b"%%EOF"):
        raise NotOfKind("it is no PDF from its first to its last byte")
    content += b"\n" + _PDF_LETTER.sub(lambda code: bytes.fromhex(code[1].decode()), content)
    if _PDF_HIDDEN.search(content):
        raise NotOfKind("it is a PDF with objects that are packed or encrypted")
    if _PDF_ACTIVE.search(content):
        raise Active("a PDF with scripts, links or embedded files")


def _parquet(path: Path) -> None:
    try:
        if not columnar.is_parquet(path):
            raise NotOfKind("it is no Parquet file")
        for _ in columnar.batches(file := columnar.opened(path), file.schema_arrow.names):
            pass
        if not columnar.is_gapless(file, path):
            raise NotOfKind(
                "it is a Parquet file with bytes that belong to no column, or with an index of pages"
            )
    except Unreadable as error:
        raise NotOfKind(str(error)) from None


def _txt(path: Path) -> None:
    text_of(path)


def _json(path: Path) -> None:
    json_of(path)


_CHECKS: Final[Mapping[str, Callable[[Path], None]]] = {
    "txt": _txt,
    "json": _json,
    "csv": _csv,
    "png": check_png,
    "svg": check_svg,
    "pdf": _pdf,
    "parquet": _parquet,
    "xlsx": workbooks.check,
}
