"""New columns from dates, and one row for each stretch of time."""

import pandas as pd


@action(gives=["same", "name:number"])
def date_part(
    table: Table,
    column: Column["date"],
    part: Literal["year", "quarter", "month", "week", "day", "day of year", "weekday", "hour", "minute"],
    name: Name,
) -> Table:
    """A new column: the year, month, hour … of a date as a number.

    Ensures: weeks are those of ISO 8601; weekday 1 is Monday; missing where the date is.
    """
    dates = _dates(table, column).dt
    parts = {
        "year": dates.year,
        "quarter": dates.quarter,
        "month": dates.month,
        "week": dates.isocalendar().week,
        "day": dates.day,
        "day of year": dates.dayofyear,
        "weekday": dates.weekday + 1,
        "hour": dates.hour,
        "minute": dates.minute,
    }
    values = parts[part]
    return _with(table, name, values.astype("float64" if values.isna().any() else "int64"))


@action(gives=["same", "name:date"])
def date_start(
    table: Table,
    column: Column["date"],
    unit: Literal["year", "quarter", "month", "week", "day", "hour"],
    name: Name,
) -> Table:
    """A new column: the first moment of the year, month or week of a date. Weeks begin on Monday."""
    return _with(table, name, _beginnings(_dates(table, column), unit))


def _beginnings(dates, unit):
    if unit == "hour":
        return dates.dt.floor("h")
    letters = {"year": "Y", "quarter": "Q", "month": "M", "week": "W-SUN", "day": "D"}
    return dates.dt.to_period(letters[unit]).dt.start_time


@action(gives=["same", "name:number"])
def date_between(
    table: Table,
    start: Column["date"],
    end: Column["date"],
    unit: Literal["days", "hours", "minutes", "seconds", "weeks"],
    name: Name,
) -> Table:
    """A new column: how long it is from one date to another; below 0 if the end comes first."""
    seconds = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
    passed = (_dates(table, end) - _dates(table, start)).dt.total_seconds()
    return _with(table, name, passed / seconds[unit])


@action(gives=["date", "name:number"])
def resample(
    table: Table,
    date: Column["date"],
    unit: Literal["year", "quarter", "month", "week", "day", "hour"],
    column: Column["number"],
    how: Literal["mean", "sum", "median", "min", "max", "count", "std"],
    name: Name,
) -> Table:
    """One row for each stretch of time, with a column computed over the rows within it.

    Requires: at most 100,000 stretches between the first date and the last. Where groups have a smallest
    size, date_start and aggregate do the same.
    Ensures: in order of time, each named by its first moment; stretches without rows have no value (a count
    of 0); rows without a date are left out.
    """
    _different(date, column)
    if MIN_GROUP:  # the first moment may be a date of the input, which has fewer rows of that very date
        raise ActionFailed("groups have a smallest size; use date_start with a new name, then aggregate")
    rows = table.assign(**{date: _beginnings(_dates(table, date), unit)}).dropna(subset=[date])
    values = _numbers(rows, column)
    made = _computed(values.groupby(rows[date], sort=True), how).rename(name).to_frame().reset_index()
    return made if made.empty else _without_gaps(made, date, unit, name, how)


def _without_gaps(made, date, unit, name, how):
    steps = {"year": "YS", "quarter": "QS", "month": "MS", "week": "W-MON", "day": "D", "hour": "h"}
    first, last = made[date].iloc[0], made[date].iloc[-1]
    if (last - first).total_seconds() / (3600 if unit == "hour" else 86400) > 100000:
        raise ActionFailed("the dates lie so far apart that this unit is too small")
    filled = made.set_index(date).reindex(pd.date_range(first, last, freq=steps[unit], name=date))
    return (filled.fillna({name: 0}) if how == "count" else filled).reset_index()
