"""Parquet and XLSX files that the sandbox's interpreter makes and reads, many in one process."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.fakes.orders import PYTHON

_SCRIPT = """
import base64, io, json, sys
sys.path.append(sys.argv[1])
import pyarrow as pa, pyarrow.parquet as pq

def noted(field, note):
    if pa.types.is_list(field.type):
        return field.with_type(pa.list_(noted(field.type.value_field, note)))
    return field.with_metadata({"note": note})

def parquet(columns, metadata=None, dictionary=(), note=None, rows=None):
    arrays = {name: pa.array(values) for name, values in columns.items()}
    table = pa.table({n: a.dictionary_encode() if n in dictionary else a for n, a in arrays.items()})
    if note is not None:
        table = table.cast(pa.schema([noted(field, note) for field in table.schema]))
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata)[:rows], out)
    return out.getvalue()

def xlsx(sheets):
    import openpyxl
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(out)
    return out.getvalue()

def figure(form):
    import matplotlib.pyplot as plt
    axes, out = plt.subplots()[1], io.BytesIO()
    axes.plot([1, 2], label="a & b")
    axes.legend()
    axes.imshow([[1, 2], [3, 4]])
    axes.figure.savefig(out, format=form)
    return out.getvalue()

def read(content):
    file = pq.ParquetFile(io.BytesIO(base64.b64decode(content)))
    return file.read().to_pydict()

asked, kinds = json.load(sys.stdin), {"parquet": parquet, "xlsx": xlsx, "figure": figure, "read": read}
done = {name: kinds[one.pop("kind")](**one) for name, one in asked.items()}
plain = {n: base64.b64encode(d).decode() if isinstance(d, bytes) else d for n, d in done.items()}
json.dump(plain, sys.stdout)
"""


def _asked(what: Mapping[str, Mapping[str, Any]]) -> Any:
    late = PYTHON.parents[1] / "late"
    done = subprocess.run(
        [str(PYTHON), "-c", _SCRIPT, str(late)], input=json.dumps(what), text=True, check=True, stdout=-1
    )
    return json.loads(done.stdout)


def made(**files: Mapping[str, Any]) -> dict[str, bytes]:
    """By name, what to make: a `kind` of the script above, and what that takes."""
    return {name: base64.b64decode(content) for name, content in _asked(files).items()}


def read(**parquets: bytes) -> dict[str, dict[str, list[Any]]]:
    """By name, a Parquet file → its columns."""
    asked = {
        name: {"kind": "read", "content": base64.b64encode(one).decode()} for name, one in parquets.items()
    }
    return dict(_asked(asked))
