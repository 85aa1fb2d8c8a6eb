"""docs/contract.md §2 to §6, in the sandbox's interpreter: what leaves a run, and what does not."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from executor_svc.delivery.wanted import HOUSE_STYLE
from placet.scope.style import read_style
from tests.fakes import tables
from tests.fakes.orders import AnyOrder, Handed, carried_out

NOTHING: Mapping[str, Any] = {
    "result": None,
    "max_kib": None,
    "max_rows": None,
    "min_group": None,
    "deny_columns": [],
    "secrets": "withhold",
}
GROUPS = {"min_group": {"size": 3, "count": "n"}}
DENY = {"deny_columns": ["email", "*_ID", "birth date", "phone"]}
NO_EMAIL = {"deny_columns": ["email"]}
"""For workbooks: in their themes, names of fonts and colours, are words that are names of people too."""
RESULT = {
    "result": {
        "type": "object",
        "required": ["mean"],
        "properties": {
            "mean": {"type": "number"},
            "rows": {"items": {"properties": {"price": {"maximum": 9}}}},
        },
        "additionalProperties": False,
    }
}
PEOPLE = (
    "region,email,customer_id,name_ID,phone,birth date,price,flag\n"
    "north,anna.lund@example.org,1048577,Zoë,+49 170 555 01 23,1990-05-17,3,True\n"
    "north,Ben@x.io,1048601,Bo Li,030/5550199,1991-06-18,4,False\n"
    "north,,1048602,,,,5,True\n"
    "south,cyd.marsh@example.org,1048603,Yıldız,,,6,True\n"
    "south,dee.orr@example.org,1048604,Max,,,7,False\n"
    "south,eva.poe@example.org,1048605,Moë,,,8,False\n"
    "west,fay.roe@example.org,1048606,Ida,,,9,False\n"
).encode()
IDS = ("customer_id,price\n" + "".join(f"{at},{at * 7 % 13}\n" for at in range(1, 31))).encode()
EMAIL = "anna.lund@example.org"


def leaving(
    contract: Mapping[str, Any] = NOTHING, stdout: bytes = b"", stderr: bytes = b"", **artifacts: bytes
) -> AnyOrder:
    """A run that left these; `_` in a name stands for a dot, `__` for a slash."""
    named = {name.replace("__", "/").replace("_", "."): content for name, content in artifacts.items()}
    streams = {"stdout": stdout, "stderr": stderr}
    return AnyOrder(
        artifacts=named, streams=streams, contract={**NOTHING, **contract}, inputs={"people.csv": PEOPLE}
    )


def grouped(content: bytes, name: str = "t_csv", **inputs: bytes) -> AnyOrder:
    order = leaving(GROUPS, **{name: content})
    return replace(order, inputs=dict(inputs) or order.inputs)


def denied(stdout: str | bytes = b"", **artifacts: bytes) -> AnyOrder:
    return leaving(DENY, stdout=stdout.encode() if isinstance(stdout, str) else stdout, **artifacts)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEADER = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
PIXEL, END = chunk(b"IDAT", zlib.compress(b"\0\0")), chunk(b"IEND", b"")
PNG = HEADER + PIXEL + END
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><text>hello</text></svg>'
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
FILES = tables.made(
    parquet={"kind": "parquet", "columns": {"region": ["a", "b"], "n": [3, 4]}},
    **{f"figure_{form}": {"kind": "figure", "form": form} for form in ("png", "svg", "pdf")},
    email_parquet={"kind": "parquet", "columns": {"x": [EMAIL]}},
    column_parquet={"kind": "parquet", "columns": {"Email": ["p"]}},
    metadata_parquet={"kind": "parquet", "columns": {"x": [1]}, "metadata": {"note": EMAIL}},
    categories_parquet={"kind": "parquet", "columns": {"x": ["a", EMAIL]}, "dictionary": ["x"], "rows": 1},
    field_parquet={"kind": "parquet", "columns": {"x": [1]}, "note": EMAIL},
    inner_parquet={"kind": "parquet", "columns": {"x": [[1]]}, "note": EMAIL},
    people_parquet={"kind": "parquet", "columns": {"region": ["north"] * 4, "email": [EMAIL, "", "", ""]}},
    xlsx={"kind": "xlsx", "sheets": {"one": [["region", "n"], ["a", 3]], "two": [["x"], [1], [2], [3]]}},
    list_xlsx={"kind": "xlsx", "sheets": {"one": [["x"], ["[1, 2]"]]}},
    list_parquet={"kind": "parquet", "columns": {"x": [[1, 2]]}},
    email_xlsx={"kind": "xlsx", "sheets": {"one": [["x"], [EMAIL.upper()]]}},
    people_xlsx={"kind": "xlsx", "sheets": {"s": [["email"], [EMAIL]]}},
    formula_xlsx={"kind": "xlsx", "sheets": {"one": [["x"], ['="anna.lund"&"@example.org"']]}},
)
GITHUB = "ghp_" + "a1B2" * 9


def edited(book: bytes, part: str, *changes: tuple[bytes, bytes], more: str = "") -> bytes:
    """A workbook as openpyxl would not write it; `more` is the name of a part that says nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            for before, after in changes if name == part else ():
                assert before in content
                content = content.replace(before, after)
            new.writestr(name, content)
        if more:
            new.writestr(more, "<a/>")
    return out.getvalue()


def hiding(book: bytes, where: str, words: bytes = EMAIL.encode()) -> bytes:
    """A workbook with words where no part of it is: every reader opens it, and shows nothing of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name)
            part.compress_type = zipfile.ZIP_DEFLATED
            if where == "comment of a part":
                part.comment = words
            if where == "field of a part":
                part.extra = struct.pack("<HH", 0xCAFE, len(words)) + words
            new.writestr(part, old.read(name))
            if where == "between parts" or (where == "behind what is packed" and name == "xl/workbook.xml"):
                out.write(words)
                new.start_dir = out.tell()
            if where == "behind what is packed" and name == "xl/workbook.xml":
                part.compress_size += len(words)
        if where == "comment":
            new.comment = words
    made = out.getvalue()
    if where == "behind what is packed":  # the part's own record says how long it is, too
        at = new.NameToInfo["xl/workbook.xml"].header_offset
        size = struct.pack("<I", new.NameToInfo["xl/workbook.xml"].compress_size)
        made = made[: at + 18] + size + made[at + 22 :]
    if where == "behind the end":
        made += words
    with zipfile.ZipFile(io.BytesIO(made)) as read:
        assert read.testzip() is None
    return made


def within_parquet(content: bytes, hidden: bytes) -> bytes:
    """Bytes behind the last column: what is said of columns is found from the end, and fits as before."""
    said = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:said] + hidden + content[said:]


def sheet(book: bytes, *changes: tuple[bytes, bytes]) -> bytes:
    return edited(book, "xl/worksheets/sheet1.xml", *changes)


CONDITION = b"<conditionalFormatting><cfRule><formula>NOW()</formula></cfRule></conditionalFormatting>"

KEPT = {
    "nothing": leaving(),
    "csv": leaving(t_csv=b"a,b\n1,2\n", u_tsv=b"a\tb\n1\t2\n"),
    "text": leaving(t_txt="mean: 3 °C\n".encode(), read_md=b"# x\n", stdout=b"3.5\n", stderr=b"a warning\n"),
    "png": leaving(t_png=PNG, plots__u_PNG=PNG),
    "svg": leaving(t_svg=SVG),
    "pdf": leaving(t_pdf=PDF),
    "json": leaving(t_json=b'{"a": [1, 2.5, null]}'),
    "few rows in cells": leaving(
        {"max_rows": 2}, t_csv=b'a\n"[1, 2]"\n', t_json=b'{"a": "[1, 2]"}', t_xlsx=FILES["list_xlsx"]
    ),
    "words in brackets": leaving(GROUPS, t_csv=b'region,n\n"north [km]",3\n"a {b}",3\n'),
    "parquet": leaving(t_parquet=FILES["parquet"]),
    "xlsx": leaving(t_xlsx=FILES["xlsx"]),
    "xlsx that holds no value": leaving(NO_EMAIL, t_xlsx=FILES["xlsx"]),
    "figures": leaving(**{name: FILES[name] for name in ("figure_png", "figure_svg", "figure_pdf")}),
    "result": leaving(RESULT, result_json=b'{"mean": 3.5}'),
    "no result of a crash": replace(leaving(RESULT, stderr=b"Traceback"), succeeded=False),
    "just as large": leaving({"max_kib": 1}, t_txt=b"x" * 1000, stdout=b"y" * 24),
    "just as long": leaving({"max_rows": 3}, t_csv=b"a,b\n1,2\n3,4\n5,6\n", t_json=b'{"a": [1, 2, 3]}'),
    "printed short": leaving({"max_rows": 2}, stdout=b"north  1\nsouth  2\n"),
    "groups": grouped(b"region,mean,n\nnorth,4,3\nsouth,7,3\n"),
    "total": grouped(b"region,mean,n\nnorth,4,3\nAll,5,7\n"),
    "by bins": grouped(b"price bin,mean,n\n0-5,4,3\n6-9,7,4\n"),
    "of floats": grouped(b"region,n\nnorth,3.0\n"),
    "printed in brackets": leaving(
        {**GROUPS, "max_rows": 2},
        stdout=b"[info] read\n[info] 7 rows\n[info] {done}\n{'mean': 5.2, 'median': 6}\n[3, 4]\n",
    ),
    "rows with ranges": leaving(
        {"max_rows": 2}, t_json=b'[{"a": 1, "range": [1, 2]}, {"a": 2, "range": [0, 9]}]'
    ),
    "split": leaving(
        {"max_rows": 1}, t_json=b'{"columns": ["a", "b", "c"], "index": ["x"], "data": [[1, 2, 3]]}'
    ),
    "one row": grouped(b'{"rows": [{"region": "north", "n": 3}]}', "result_json"),
    "of two inputs": grouped(
        b"region,n\nnorth,4\n", a_csv=b"region,x\nnorth,1\nnorth,2\n", b_csv=b"x,region\n1,north\n2,north\n"
    ),
    "of the larger input": grouped(
        b"region,n\nnorth,4\n", a_csv=b"region\nnorth\n", b_csv=b"order\n1\n2\n3\n4\n"
    ),
    "parquet behind": grouped(b"region,n\nnorth,4\n", p=FILES["people_parquet"]),
    "a number alone": leaving(
        GROUPS, stdout=b"mean price: 5.2\nmedian price: 6\n", result_json=b'{"mean": 5.2}'
    ),
    "denied elsewhere": denied(
        "the mean price is 5.4 in the north\n", t_csv=b"region,mean\nnorth,4\nsouth,7\n"
    ),
    "truth values": denied("True and False\n"),
    "short numbers": denied("48577 and 104857 and 0.1048577 and 10485770.5 and 91048577\n"),
    "part of a word": denied("maximum and idaho\n"),
    "no secret": leaving(stdout=b"password,attempts\nreset_password,12\n" + b'"%s"' % (b"ab12" * 16)),
    "no text, stderr": replace(leaving(stderr=b"a warning"), kinds=("csv",)),
}
REFUSED: Mapping[str, tuple[AnyOrder, list[tuple[str, str]]]] = {
    # 2.1 A file leaves only if `kinds` names its kind.
    "page": (leaving(x_html=b"<p>"), [("artifacts/x.html", "kind.undeclared")]),
    "no suffix": (leaving(core=b"x"), [("artifacts/core", "kind.undeclared")]),
    "undeclared": (replace(leaving(x_json=b"1"), kinds=("csv",)), [("artifacts/x.json", "kind.undeclared")]),
    # 2.4 What was printed leaves only if `kinds` holds `text`.
    "printed": (replace(leaving(stdout=b"3\n"), kinds=("csv",)), [("stdout", "kind.undeclared")]),
    # 2.2 Its content MUST be of that kind, from its first to its last byte.
    **{
        f"{name} is not": (
            leaving(**{name: content}),
            [(f"artifacts/{name.replace('_', '.')}", "kind.content")],
        )
        for name, content in {
            "x_png": b"GIF89a",
            "tail_png": PNG + b"PK\3\4",
            "broken_png": PNG[:-4],
            "hidden_png": HEADER + chunk(b"IDAT", zlib.compress(b"\0\0") + b"secret") + END,
            "text_png": b"region,price\n",
            "x_svg": b"<html></html>",
            "y_svg": b"not xml",
            "x_pdf": b"%PDF-1.4\n",
            "tail_pdf": PDF + b"PK\3\4 more",
            "x_csv": b"a,b\n1\n",
            "y_csv": b"",
            "bytes_csv": b"a,b\n\xff\xfe,2\n",
            "nul_txt": b"a\0b",
            "x_json": b"{'a': 1}",
            "twice_json": b'{"a": 1, "a": 2}',
            "nan_json": b'{"a": NaN}',
            "x_parquet": b"PAR1 no PAR1",
            "x_xlsx": b"PK\3\4 no",
            "zip_xlsx": gzip.compress(b"x"),
        }.items()
    },
    # 2.3 What runs or loads something MUST NOT leave.
    **{
        f"active {at}": (leaving(x_svg=content), [("artifacts/x.svg", "kind.active")])
        for at, content in enumerate(
            (
                SVG.replace(b"<text>", b"<script>x</script><text>"),
                SVG.replace(b"<text>", b'<text onclick="x()">'),
                SVG.replace(b"<text>", b'<image href="https://example.org/a.png"/><text>'),
                SVG.replace(b"<text>", b"<foreignObject/><text>"),
                SVG.replace(b"<text>", b'<text style="fill: url(https://example.org/)">'),
                b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG,
                b'<?xml-stylesheet href="https://example.org/a.css"?>' + SVG,
                SVG.replace(b"<text>", b"<style>@import 'https://example.org/a.css';</style><text>"),
                SVG.replace(b"<text>", b"<style>*{fill:url(https://example.org/)}</style><text>"),
                SVG.replace(b"<text>", b"<style><g/>@\\69mport 'https://example.org/';</style><text>"),
                SVG.replace(b"<text>", b"<text style=\"fill: image-set('https://example.org/' 1x)\">"),
                SVG.replace(b"<text>", b'<text style="fill: u\\72l(https://example.org/)">'),
            )
        )
    },
    "script": (
        leaving(x_pdf=PDF.replace(b"<<>>", b"<</OpenAction <</S /JavaScript>>>>")),
        [("artifacts/x.pdf", "kind.active")],
    ),
    "script by codes": (
        leaving(x_pdf=PDF.replace(b"<<>>", b"<</Open#41ction <</S /J#61vaScript>>>>")),
        [("artifacts/x.pdf", "kind.active")],
    ),
    "packed objects": (
        leaving(x_pdf=PDF.replace(b"<<>>", b"<</Type /Obj#53tm>>")),
        [("artifacts/x.pdf", "kind.content")],
    ),
    **{
        name: (leaving(x_xlsx=content), [("artifacts/x.xlsx", rule)])
        for name, content, rule in (
            (
                "condition",
                sheet(FILES["xlsx"], (b"</sheetData>", b"</sheetData>" + CONDITION)),
                "kind.active",
            ),
            (
                "macro by type",
                edited(FILES["xlsx"], "[Content_Types].xml", (b"worksheet+xml", b"macrosheet+xml")),
                "kind.active",
            ),
            (
                "rows out of order",
                sheet(FILES["xlsx"], (b'<row r="1"', b'<row r="3"')),
                "kind.content",
            ),
            (
                "cells out of order",
                sheet(FILES["xlsx"], (b'r="A1"', b'r="C1"')),
                "kind.content",
            ),
        )
    },
    **{
        f"hidden, {where}": (
            leaving(x_xlsx=hiding(FILES["xlsx"], where)),
            [("artifacts/x.xlsx", "kind.content")],
        )
        for where in (
            *("comment", "comment of a part", "field of a part"),
            *("between parts", "behind what is packed", "behind the end"),
        )
    },
    "parquet with bytes before what is said of it": (
        leaving(x_parquet=within_parquet(FILES["parquet"], b"hidden")),
        [("artifacts/x.parquet", "kind.content")],
    ),
    "formula": (leaving(x_xlsx=FILES["formula_xlsx"]), [("artifacts/x.xlsx", "kind.active")]),
    # 3.1 A program that ended well MUST have left `result.json`.
    "no result": (leaving(RESULT), [("result.json", "result.missing")]),
    # 3.2 It MUST be JSON that the schema accepts.
    "no json": (
        leaving(RESULT, result_json=b"{mean: 3}"),
        [("result.json", "kind.content"), ("result.json", "result.json")],
    ),
    "misfits": (
        leaving(RESULT, result_json=b'{"mean": "anna", "rows": [{"price": 1}, {"price": 99}]}'),
        [("result.json:$.mean", "result.type"), ("result.json:$.rows[1].price", "result.maximum")],
    ),
    "without": (leaving(RESULT, result_json=b"{}"), [("result.json:$", "result.required")]),
    "more": (
        leaving(RESULT, result_json=b'{"mean": 1, "anna.lund@example.org": 2}'),
        [("result.json:$", "result.additional_properties")],
    ),
    "no place": (
        leaving({"result": {"properties": {"mean": False}}}, result_json=b'{"mean": 1}'),
        [("result.json:$", "result.false")],
    ),
    # 3.4 Together MUST NOT have more than `max_kib` × 1024 bytes.
    "large": (leaving({"max_kib": 1}, t_txt=b"x" * 1000, stdout=b"y" * 25), [("artifacts", "caps.bytes")]),
    "large in house format": (
        replace(
            leaving({"max_kib": 1}, t_csv=b"x\n" + b"1e1\n" * 240),
            style="house.yaml",
            files={HOUSE_STYLE: read_style(None, {}).for_cell()},
        ),
        [("artifacts", "caps.bytes")],
    ),
    # 3.5 No table MUST have more than `max_rows` rows.
    "long csv": (leaving({"max_rows": 1}, t_csv=b"a,b\n1,2\n3,4\n"), [("artifacts/t.csv", "caps.rows")]),
    "long sheet": (
        leaving({"max_rows": 2}, t_xlsx=FILES["xlsx"]),
        [("artifacts/t.xlsx:sheet 2", "caps.rows")],
    ),
    "long sheet that says it is short": (
        leaving({"max_rows": 0}, t_xlsx=sheet(FILES["email_xlsx"], (b'ref="A1:A2"', b'ref="A1"'))),
        [("artifacts/t.xlsx:sheet 1", "caps.rows")],
    ),
    "long parquet": (
        leaving({"max_rows": 1}, t_parquet=FILES["parquet"]),
        [("artifacts/t.parquet", "caps.rows")],
    ),
    **{
        f"rows in {what}": (leaving({"max_rows": 1}, **{name: content}), [(f"artifacts/{path}", "caps.rows")])
        for what, name, content, path in (
            ("a cell", "t_csv", b'a\n"[1, 2]"\n', "t.csv:row 1"),
            ("a name", "t_csv", b'"[1, 2]",b\n1,2\n', "t.csv"),
            ("a cell as Python's", "t_csv", b"a\n\"[{'x': 1}, {'x': nan}]\"\n", "t.csv:row 1"),
            ("lines of a cell", "t_csv", b'a\n"x  1\ny  2"\n', "t.csv:row 1"),
            ("a sheet's cell", "t_xlsx", FILES["list_xlsx"], "t.xlsx:sheet 1, row 1"),
            ("a cell of Parquet", "t_parquet", FILES["list_parquet"], "t.parquet:row 1"),
            ("a string of JSON", "t_json", b'{"a": "[1, 2]"}', "t.json"),
            ("a key of JSON", "t_json", b'{"[1, 2]": 0}', "t.json"),
            ("a string in a string", "t_json", json.dumps({"a": '{"b": "[1, 2]"}'}).encode(), "t.json"),
        )
    },
    "long print": (leaving({"max_rows": 1}, stdout=b"north  1\nsouth  2\n"), [("stdout", "caps.rows")]),
    **{
        f"long json {at}": (
            leaving({"max_rows": 1}, t_json=content),
            [(f"artifacts/t.json:{where}", "caps.rows")],
        )
        for at, (content, where) in enumerate(
            (
                (b'[{"a": 1}, {"a": 2}]', "$"),
                (b'{"x": {"a": [1, 2], "b": [3, 4]}}', "$.*"),
                (b'{"x": [[1], [2]]}', "$.*"),
                (b'{"columns": ["a"], "index": [0, 1], "data": [[1], [2]]}', "$"),
                (b'{"a": {"0": 1, "1": 2}, "b": {"0": 1, "1": 2}}', "$"),
                (b'{"north": {"a": 1}, "south": {"a": 2}}', "$"),
                (b'[{"n": 7, "x": [{"a": 1}, {"a": 2}]}]', "$[0].*"),
                (b'[[{"a": {"b": [1, 2]}}]]', "$[0][0].*"),
                (b'{"columns": ["a"], "data": [[[1, 2]]]}', "$.*[0][0]"),
                (b'{"columns": ["a"], "data": [[1]], "x": [1, 2]}', "$.*"),
                (b'{"north": {"a": [1, 2]}}', "$.*"),
                (b'{"0": 5, "1": 6}', "$"),
                (b'{"pay": {"0": 5, "1": 6}}', "$"),
            )
        )
    },
    # 4.1 Each table MUST have the column `n`.
    "no sizes": (grouped(b"region,mean\nnorth,4\n"), [("artifacts/t.csv", "min_group.column")]),
    # 4.2 Each row's `n` MUST be a whole number of at least `size`.
    "small": (
        grouped(b"region,mean,n\nnorth,4,3\nwest,9,1\n"),
        [("artifacts/t.csv:row 2", "min_group.size")],
    ),
    "no number": (grouped(b"region,n\nnorth,many\n"), [("artifacts/t.csv:row 1", "min_group.size")]),
    "size missing": (grouped(b"region,n\nnorth,\n"), [("artifacts/t.csv:row 1", "min_group.size")]),
    # 4.3 The inputs MUST back it.
    "claimed": (grouped(b"region,mean,n\nwest,9,3\n"), [("artifacts/t.csv", "min_group.backing")]),
    "claimed of all": (grouped(b"who,mean,n\nx,9,4\ny,9,4\n"), [("artifacts/t.csv", "min_group.backing")]),
    "twice": (
        grouped(b"region,measure,value,n\nnorth,mean,4,3\nnorth,max,5,3\n"),
        [("artifacts/t.csv", "min_group.backing")],
    ),
    "rows as groups": (
        grouped(b"region,price,n\nnorth,3,3\nnorth,4,3\nnorth,5,3\n"),
        [("artifacts/t.csv", "min_group.backing")],
    ),
    "no inputs": (
        replace(grouped(b"region,n\nnorth,3\n"), inputs={}),
        [("artifacts/t.csv", "min_group.backing")],
    ),
    # 4.4 A table that is printed MUST NOT leave.
    "printed groups": (
        leaving(GROUPS, stdout=b"region  mean\nnorth  4\nsouth  7\n"),
        [("stdout", "min_group.printed")],
    ),
    "groups in a cell": (
        grouped(b'x,n\n"[1, 2]",3\n'),
        [("artifacts/t.csv:row 1", "min_group.printed")],
    ),
    "labelled groups in a cell": (
        grouped(b'x,n\n"north: 4\nsouth: 7",3\n'),
        [("artifacts/t.csv:row 1", "min_group.printed")],
    ),
    "printed with labels": (
        leaving(GROUPS, stdout=b"north: 4\nsouth: 7\n"),
        [("stdout", "min_group.printed")],
    ),
    **{
        f"printed rows {at}": (
            replace(leaving({**GROUPS, "max_rows": 2}, stdout=content), kinds=("text",)),
            [("stdout", "caps.rows"), ("stdout", "min_group.printed")],
        )
        for at, content in enumerate(
            (
                b'[{"who": "a", "v": 1}, {"who": "b", "v": 2}, {"who": "c", "v": 3}]\n',
                b'result:\n[\n {\n  "v": 1\n },\n {\n  "v": 2\n },\n {\n  "v": 3\n }\n]\n',
                b'{"who": "a", "v": 1}\n{"who": "b", "v": 2}\n{"who": "c", "v": 3}\n',
                b"done\n[{'who': 'a', 'v': np.int64(1)}, {'who': 'b', 'v': nan}, {'who': 'c', 'v': 2}]\n",
                b'{"v":{"0":1,"1":2,"2":3}}\n',
                b"[[1 2]\n [3 4]\n [5 6]]\n",
            )
        )
    },
    "written groups": (
        leaving(GROUPS, t_txt=b"north,4\nsouth,7\n"),
        [("artifacts/t.txt", "min_group.printed")],
    ),
    # 4.5 So MUST an object of JSON whose keys are all values of one text column of an input.
    "object of groups": (
        grouped(b'{"mean": {"north": 4, "west": 9}}', "result_json"),
        [("result.json:$.*", "min_group.column")],
    ),
    "list of groups": (
        grouped(b'{"rows": [{"region": "north", "mean": 4}]}', "result_json"),
        [("result.json:$.*", "min_group.column")],
    ),
    "members of a group": (
        grouped(b'[{"region": "north", "n": 3, "prices": [3, 4, 5]}]', "result_json"),
        [("result.json:$[0].*", "min_group.column")],
    ),
    "list of numbers": (
        grouped(b'{"means": [4, 7]}', "result_json"),
        [("result.json:$", "min_group.column")],
    ),
    # 4.6 and 5.6 An input that is not CSV, Parquet, XLSX or JSON MUST be refused.
    "unreadable behind": (
        grouped(b"region,n\nnorth,3\n", raw=b"\0\1"),
        [("inputs/raw", "inputs.unreadable")],
    ),
    "unreadable beside": (
        replace(denied("3"), inputs={"raw.bin": b"\0\1\2"}),
        [("inputs/raw.bin", "inputs.unreadable")],
    ),
    # 5.1 A column or a key of JSON that is called so MUST NOT leave.
    "column": (denied(t_csv=b"Email,n\nx,1\n"), [("artifacts/t.csv", "deny.name")]),
    "column by glob": (denied(t_csv=b"shop_id,n\nx,1\n"), [("artifacts/t.csv", "deny.name")]),
    "column of parquet": (denied(t_parquet=FILES["column_parquet"]), [("artifacts/t.parquet", "deny.name")]),
    "key": (denied(t_json=b'{"a": {"EMAIL": 1}}'), [("artifacts/t.json", "deny.name")]),
    "word": (denied("region  email\n"), [("stdout", "deny.name")]),
    "words": (denied("by Birth Date:\n"), [("stdout", "deny.name")]),
    # 5.2 Nor MUST a value that an input has in such a column; 5.3 the same in text that is escaped.
    **{
        f"value {at}": (denied(text), [("stdout", "deny.value")])
        for at, text in enumerate(
            (
                EMAIL,
                f"x{EMAIL.upper()}y",
                "a-n-n-a-l-u-n-d @ e.x.a.m.p.l.e org",
                "\n".join(EMAIL),
                "ａｎｎａ.ｌｕｎｄ@ｅｘａｍｐｌｅ.ｏｒｇ",
                "an\u200bna.lund@exa\u200bmple.org",
                "anna.lund%40example.org",
                "anna%252Elund%2540example.org",
                "".join(f"\\u{ord(c):04x}" for c in EMAIL),
                "".join(f"\\x{ord(c):02x}" for c in EMAIL),
                "".join(f"&#{ord(c)};" for c in EMAIL),
                base64.b64encode(EMAIL.encode()).decode(),
                "x" + base64.b64encode(b"id=" + EMAIL.encode() + b";").decode(),
                base64.urlsafe_b64encode(b"??>" + EMAIL.encode()).decode().rstrip("="),
                base64.b32encode(EMAIL.encode()).decode(),
                EMAIL.encode().hex(),
                EMAIL.encode().hex(" ").upper(),
                base64.b64encode(zlib.compress(EMAIL.encode())).decode(),
                base64.b64encode(gzip.compress(EMAIL.encode())).decode(),
                base64.b64encode(base64.b64encode(EMAIL.encode())).decode(),
                base64.b64encode(EMAIL[::-1].encode()).decode(),
                base64.b64encode(EMAIL.encode()).decode()[::-1],
                EMAIL[::-1],
                "naan.yhaq@rknzcyr.bet",
                "NAAN.YHAQ@RKNZCYR.BET",
                "(ben@x.io)",
                "dear MAX, hello",
                "id 1048577",
                "1,048,577",
                "1.048577e6",
                "1048577.0",
                "-1048577",
                "+49-170-5550123",
                "17.5. 1990-05-17",
                "0305550199",
                base64.b64encode(b"id 1048577").decode(),
            )
        )
    },
    # 5.4 Looked at are artifacts' names, CSV, TXT, JSON, SVG, Parquet and XLSX.
    "in csv": (
        denied(t_csv=b"x,y\n1,ZO\xc3\x8b\n"),
        [("artifacts/t.csv", "deny.value"), ("artifacts/t.csv:column 2", "deny.value")],
    ),
    "a cell of words": (denied(t_csv=b"x,y\n1,bo li\n"), [("artifacts/t.csv:column 2", "deny.value")]),
    "a string of json": (
        denied(t_json=b'{"x": [{"y": "Bo Li"}]}'),
        [("artifacts/t.json", "deny.value"), ("artifacts/t.json:$.*, column 1", "deny.value")],
    ),
    "in json": (
        denied(t_json=json.dumps({"x": EMAIL}).encode()),
        [("artifacts/t.json", "deny.value")],
    ),
    "in parquet": (denied(t_parquet=FILES["email_parquet"]), [("artifacts/t.parquet", "deny.value")]),
    "in metadata": (denied(t_parquet=FILES["metadata_parquet"]), [("artifacts/t.parquet", "deny.value")]),
    **{
        f"parquet, {name}": (denied(t_parquet=FILES[name]), [("artifacts/t.parquet", "deny.value")])
        for name in ("categories_parquet", "field_parquet", "inner_parquet")
    },
    "in xlsx": (leaving(NO_EMAIL, t_xlsx=FILES["email_xlsx"]), [("artifacts/t.xlsx", "deny.value")]),
    "in the name of a part": (
        leaving(NO_EMAIL, t_xlsx=edited(FILES["xlsx"], "", more=f"xl/{EMAIL}.xml")),
        [("artifacts/t.xlsx", "deny.value")],
    ),
    "in svg": (denied(t_svg=SVG.replace(b"hello", EMAIL.encode())), [("artifacts/t.svg", "deny.value")]),
    "in a png's text": (
        denied(t_png=HEADER + chunk(b"tEXt", b"Title\0" + EMAIL.encode()) + PIXEL + END),
        [("artifacts/t.png", "deny.value")],
    ),
    "in a png's packed text": (
        denied(t_png=HEADER + chunk(b"zTXt", b"Title\0\0" + zlib.compress(EMAIL.encode())) + PIXEL + END),
        [("artifacts/t.png", "deny.value")],
    ),
    "in a name": (
        denied(**{"plots__" + EMAIL.replace(".", "_") + "_txt": b"x"}),
        [("artifacts[1]", "deny.value")],
    ),
    "on stderr": (leaving(DENY, stderr=f"KeyError: '{EMAIL}'".encode()), [("stderr", "deny.value")]),
    "bulk": (
        replace(
            denied(t_csv=b"x,y\n" + b"".join(b"%d,1\n" % at for at in range(1, 17))), inputs={"i.csv": IDS}
        ),
        [("artifacts/t.csv:column 1", "deny.value")],
    ),
    "of parquet": (replace(denied(EMAIL), inputs={"p": FILES["people_parquet"]}), [("stdout", "deny.value")]),
    "of json": (
        replace(denied(EMAIL), inputs={"p.json": json.dumps({"a": {"email": {"x": [EMAIL]}}}).encode()}),
        [("stdout", "deny.value")],
    ),
    "of xlsx that says it is short": (
        replace(
            denied(EMAIL),
            inputs={"p.xlsx": sheet(FILES["people_xlsx"], (b'ref="A1:A2"', b'ref="A1"'))},
        ),
        [("stdout", "deny.value")],
    ),
    "of xlsx": (
        replace(
            denied(EMAIL),
            inputs={"p.xlsx": FILES["people_xlsx"]},
        ),
        [("stdout", "deny.value")],
    ),
    # 6.1 Nothing leaves that holds a key or token which detect-secrets knows.
    "secret": (
        leaving(stdout=b"ok\nkey %s\n" % GITHUB.encode()),
        [("stdout:line 2", "secrets.github_token")],
    ),
    "secret in csv": (
        leaving(t_csv=f"a,b\n1,{GITHUB}\n".encode()),
        [("artifacts/t.csv:line 2", "secrets.github_token")],
    ),
    # 6.3 A comment in a line MUST NOT excuse it.
    "secret excused": (
        leaving(stdout=f"{GITHUB}  # pragma: allowlist secret\n".encode()),
        [("stdout:line 1", "secrets.github_token")],
    ),
    # 6.2 The same encodings as in 5.3.
    "secret packed": (
        leaving(stdout=base64.b64encode(GITHUB.encode())),
        [("stdout", "secrets.github_token")],
    ),
    "secret in a name": (leaving(AKIAIOSFODNN7EXAMPLE_txt=b"x"), [("artifacts[1]", "secrets.name")]),
    "private key": (
        leaving(t_txt=b"-----BEGIN RSA PRIVATE KEY-----\n"),
        [("artifacts/t.txt:line 1", "secrets.private_key")],
    ),
}
ORDERS = {
    **{f"kept {name}": one for name, one in KEPT.items()},
    **{f"refused {n}": one for n, (one, _) in REFUSED.items()},
}


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handed]:
    done = carried_out(ORDERS, tmp_path_factory.mktemp("contract"))
    assert not [(name, one.died) for name, one in done.items() if one.died]
    return done


@pytest.mark.parametrize("name", KEPT)
def test_what_keeps_the_contract_leaves(handed: dict[str, Handed], name: str) -> None:
    done = handed[f"kept {name}"]
    assert not done.violations
    assert done.files == KEPT[name].artifacts


@pytest.mark.parametrize("name", REFUSED)
def test_a_violation_tells_place_and_rule(handed: dict[str, Handed], name: str) -> None:
    done = handed[f"refused {name}"]
    assert sorted((one["path"], one["rule"]) for one in done.violations) == sorted(REFUSED[name][1])
    assert not done.files
    assert not done.streams


def test_no_violation_tells_a_value(handed: dict[str, Handed]) -> None:
    """V.1 A path, a rule and a message MUST NOT hold a value of the data."""
    told = json.dumps([one.violations for one in handed.values()]).casefold()
    for value in ("anna", "lund", "1048577", "zo", "5550", "1990", "ghp_", "north", "1,048"):
        assert value not in told, value


def test_stderr_of_a_scope_without_text_is_withheld_and_told(handed: dict[str, Handed]) -> None:
    """2.4 … anything on stdout is the violation `kind.undeclared`, and stderr is withheld."""
    done = handed["kept no text, stderr"]
    assert done.streams == {"stdout"}
    assert done.notices == ["stderr was withheld: text is not among the scope's kinds"]


def test_without_a_contract_nothing_is_checked(tmp_path: Any) -> None:
    order = AnyOrder(artifacts={"x.html": b"<p>"}, streams={"stdout": GITHUB.encode()})
    (done,) = carried_out({"one": order}, tmp_path).values()
    assert not done.violations
    assert done.files == {"x.html": b"<p>"}
