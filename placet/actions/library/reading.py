"""From a file to a table, and from text to the type that a column should have."""

import pandas as pd

_MISSING = ["-", "na", "none", "Null", "NONE"]


def _encoding(file):
    """UTF-16 with a mark, UTF-8, or one byte a character."""
    with open(file, "rb") as content:
        data = content.read()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in data:
        raise ActionFailed("the input is neither CSV nor Parquet")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _csv(file):
    encoding = _encoding(file)
    with open(file, encoding=encoding) as lines:
        line = lines.readline(4096)
    delimiter = max(",;\t|", key=line.count)
    table = pd.read_csv(file, sep=delimiter, encoding=encoding, na_values=_MISSING, low_memory=False)
    if not table.index.equals(pd.RangeIndex(len(table))):  # then the first cells are taken for names of rows
        raise ActionFailed("the rows of the input have more cells than its first line names columns")
    return table


def _order_of_dates(texts):
    """How dates with slashes or dots are meant; `either first` when their own values do not tell."""
    parts = texts.str.extract(r"^(\d{1,2})[./](\d{1,2})[./]\d{4}$")
    if parts.isna().any(axis=None):
        return ""
    day_first = (parts[0].astype("int64") > 12).any() or texts.str.contains(".", regex=False).all()
    month_first = (parts[1].astype("int64") > 12).any()
    if day_first == month_first:
        return "" if day_first else "either first"
    return "day first" if day_first else "month first"


def _as_dates(texts, order):
    """The texts as dates without a time zone; what is no date is missing."""
    if order == "year first":
        padded = texts.str.replace(r"-(\d)(?=-|[ T]|$)", r"-0\1", regex=True)
        dates = pd.to_datetime(padded, format="ISO8601", errors="coerce", utc=True)
    else:
        marks = texts.str.replace(r"[./]", "-", regex=True)
        form = "%d-%m-%Y" if order == "day first" else "%m-%d-%Y"
        dates = pd.to_datetime(marks, format=form, errors="coerce", utc=True)
    return dates.dt.tz_localize(None)


def _is_parquet(file):
    with open(file, "rb") as content:
        return content.read(4) == b"PAR1"


def _parquet(file):
    table = pd.read_parquet(file)
    return (table if isinstance(table.index, pd.RangeIndex) else table.reset_index()).apply(_simple)


def _simple(values):
    """A column of Parquet's many types as one of those that a CSV file gives."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_convert(None) if values.dt.tz is not None else values
    holds = pd.api.types.infer_dtype(values, skipna=True)
    if holds in ("decimal", "floating", "mixed-integer-float") or (
        holds == "integer" and values.isna().any()
    ):
        return values.astype("float64")
    return values.astype("int64") if holds == "integer" else values


def _way_of_writing(values):
    """What all texts of a column are: `truth`, dates in some order, or nothing in particular: empty."""
    present = values.dropna()
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values) or present.empty:
        return ""
    first = str(present.iloc[0]).strip().lower()
    if not first[:1].isdigit() and first not in ("true", "false"):
        return ""  # most columns of text are told from one value
    texts = present.astype("str").str.strip()
    if texts.str.lower().isin(["true", "false"]).all():
        return "truth"
    if texts.str.match(r"\d{4}-\d{1,2}-\d{1,2}([ T]|$)").all():
        return "year first"
    return _order_of_dates(texts)


def _typed(values, way):
    """A column as truth values or dates, if each of its values is one."""
    if way in ("", "either first"):
        return values
    texts = values.astype("str").str.strip().where(values.notna())
    if way == "truth":
        return texts.str.lower().map({"true": True, "false": False}).astype("boolean")
    dates = _as_dates(texts, way)
    return values if dates.isna().sum() > values.isna().sum() else dates


def _with_types(table):
    """The table with its columns' types. Dates with two readings are read as the table's other dates are."""
    ways = {column: _way_of_writing(table[column]) for column in table.columns}
    told = {way for way in ways.values() if way in ("day first", "month first")}
    if len(told) == 1:
        ways = {column: way if way != "either first" else min(told) for column, way in ways.items()}
    return table.assign(**{column: _typed(table[column], way) for column, way in ways.items() if way})


@action(gives=["file"])
def read(file: Input) -> Table:
    """The table in an input: CSV with any usual delimiter, or Parquet.

    Requires: the first line of a CSV file names the columns.
    Ensures: a column is of dates or truth values only if each of its values is one; dates such as 3/4/2024,
    which have two readings, stay text, unless other dates of the table tell their order.
    """
    try:
        table = _parquet(file) if _is_parquet(file) else _csv(file)
    except (ValueError, UnicodeError):
        raise ActionFailed("the input cannot be read as a table") from None
    table = table.rename(columns=str)
    if MIN_GROUP and GROUP_COUNT in table.columns:
        raise ActionFailed(
            f"the input has a column {GROUP_COUNT!r}, which the scope keeps for the size of groups"
        )
    return _with_types(table).reset_index(drop=True)


@action(gives=["same", "column:number"])
def to_number(table: Table, column: Column) -> Table:
    """A column of text as numbers, such as 1,234.5 or 12 %.

    Requires: each value that is not missing is a number.
    Ensures: commas and blanks are ignored; percentages are divided by 100.
    """
    if pd.api.types.is_bool_dtype(_has(table, column)):
        return _replaced(table, column, table[column].astype("float64"))
    texts = _texts(table, column).str.replace(r"[\s,]", "", regex=True)
    percent = texts.str.endswith("%")
    numbers = pd.to_numeric(texts.str.rstrip("%"), errors="coerce")
    if (numbers.isna() & texts.notna()).any():
        raise ActionFailed(f"column {column!r} holds values that are no numbers; try extract_number")
    return _replaced(table, column, numbers.where(~(percent.fillna(False).astype("bool")), numbers / 100))


@action(gives=["same", "name:number"])
def extract_number(table: Table, column: Column, name: Name) -> Table:
    """A new column with the first number in each text, such as 630308 from "630 308[495 000-801 000]".

    Ensures: a text without a number gives a missing value.
    """
    found = _texts(table, column).str.extract(r"([-+]?\d+(?:[ ,]\d{3})*(?:\.\d+)?)")[0]
    return _with(table, name, pd.to_numeric(found.str.replace(r"[ ,]", "", regex=True), errors="coerce"))


@action(gives=["same", "column:text"])
def to_text(table: Table, column: Column) -> Table:
    """A column's values as text, so that numbers such as postal codes are categories."""
    values = _has(table, column)
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return _replaced(table, column, values.astype("str").where(values.notna()))


@action(gives=["same", "column:date"])
def to_date(
    table: Table,
    column: Column,
    order: Literal["year first", "day first", "month first"] = "year first",
    wrong: Literal["fail", "missing"] = "fail",
) -> Table:
    """A column of text as dates: 2024-12-31 (with a time, if there is one), 31.12.2024 or 12/31/2024.

    Requires: each value that is not missing is a date in this order, unless `wrong` is missing.
    Ensures: a column of dates stays as it is; times with a zone become those of UTC.
    """
    if pd.api.types.is_datetime64_any_dtype(_has(table, column)):
        return table
    texts = _texts(table, column).str.strip()
    dates = _as_dates(texts, order)
    if wrong == "fail" and (dates.isna() & texts.notna()).any():
        raise ActionFailed(f"column {column!r} holds values that are no dates with the {order}")
    return _replaced(table, column, dates)
