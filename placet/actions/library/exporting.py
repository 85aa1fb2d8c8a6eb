"""Tables that leave, as files or printed."""

import json

import pandas as pd


@action
def export_csv(table: Table, file: Name) -> Exported:
    """The table as a CSV file: `file` is its name without `.csv`.

    Ensures: UTF-8, comma, one line of column names; missing values are empty; dates as 2024-12-31.
    """
    name = f"{file}.csv"
    _leaving(table).to_csv(name, index=False)
    return name


@action
def export_json(table: Table, file: Name = "result") -> Exported:
    """The table as a JSON file, `{"rows": [{column: value, …}, …]}`: `file` is its name without `.json`.

    Ensures: UTF-8; missing values are null; dates as 2024-12-31, with a time if they have one.
    """
    name = f"{file}.json"
    rows = [
        {column: None if pd.isna(value) else _plain(value) for column, value in zip(table.columns, row)}
        for row in _leaving(table).itertuples(index=False, name=None)
    ]
    with open(name, "w", encoding="utf-8") as out:
        json.dump({"rows": rows}, out, ensure_ascii=False, allow_nan=False)
    return name


@action
def export_value(table: Table, column: Column, name: Name, file: Name = "result") -> Exported:
    """One value as a JSON file, `{name: value}`: the column's in the first row.

    Requires: a row, and a value in it.
    Ensures: `file` is the file's name without `.json`.
    """
    path, value = f"{file}.json", cell(table, column)
    with open(path, "w", encoding="utf-8") as out:
        json.dump({name: value}, out, ensure_ascii=False, allow_nan=False)
    return path


@action(gives=["same"])
def show(table: Table) -> Table:
    """The table, printed now: at most 200 rows of it. What the last step gives is shown anyway.

    Ensures: the table as it was.
    """
    if MIN_GROUP:
        raise ActionFailed("what is printed must not leave where groups have a smallest size; use export_csv")
    print(_leaving(table).head(200).to_string(index=False))
    if len(table) > 200:
        print(f"and {len(table) - 200} rows more")
    return table
