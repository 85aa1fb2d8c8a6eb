"""New columns."""

import math
import statistics
from datetime import date


def arithmetic_between_columns():
    made = table(x=[6, 4, 1], y=[3, 0, 2])
    assert plain(a.derive(made, "x", "+", "y", "z")["z"]) == [9, 4, 3]
    assert plain(a.derive(made, "x", "-", "y", "z")["z"]) == [3, 4, -1]
    assert plain(a.derive(made, "x", "*", "y", "z")["z"]) == [18, 0, 2]
    assert plain(a.derive(made, "x", "/", "y", "z")["z"]) == [2.0, None, 0.5]
    assert plain(a.derive(table(x=[1.0, None], y=[None, 1.0]), "x", "+", "y", "z")["z"]) == [None, None]


def whole_numbers_stay_whole():
    assert a.derive(table(x=[1], y=[2]), "x", "*", "y", "z")["z"].dtype.kind == "i"


def arithmetic_with_a_number():
    made = table(x=[6.0, 0.0, None])
    assert plain(a.derive_with(made, "x", "*", 2, "z")["z"]) == [12.0, 0.0, None]
    assert plain(a.derive_with(made, "x", "divides", 3, "z")["z"]) == [0.5, None, None]
    assert plain(a.derive_with(made, "x", "subtracted from", 3, "z")["z"]) == [-3.0, 3.0, None]
    assert plain(a.derive_with(made, "x", "/", 0, "z")["z"]) == [None, None, None]
    assert plain(a.derive_with(made, "x", "remainder of", 4, "z")["z"]) == [2.0, 0.0, None]


def a_new_column_needs_a_free_name():
    fails(a, lambda: a.derive(table(x=[1], y=[2]), "x", "+", "y", "y"), "already")
    fails(a, lambda: a.derive(table(x=["1"], y=[2]), "x", "+", "y", "z"), "to_number")


def several_columns_combine():
    made = table(x=[1.0, 2.0], y=[3.0, None], z=[5.0, 6.0])
    for how, wanted in {"sum": 9.0, "mean": 3.0, "min": 1.0, "max": 5.0, "product": 15.0}.items():
        assert plain(a.combine(made, ["x", "y", "z"], how, "w")["w"]) == [wanted, None]


def functions_of_a_column():
    made = table(x=[0.0, 4.0, -2.5, None])
    wanted = {
        "square root": [0.0, 2.0, None, None],
        "square": [0.0, 16.0, 6.25, None],
        "absolute": [0.0, 4.0, 2.5, None],
        "negative": [0.0, -4.0, 2.5, None],
        "floor": [0.0, 4.0, -3.0, None],
        "ceiling": [0.0, 4.0, -2.0, None],
        "sign": [0.0, 1.0, -1.0, None],
        "log": [None, math.log(4), None, None],
        "log10": [None, math.log10(4), None, None],
        "log1p": [0.0, math.log(5), None, None],
        "exp": [1.0, math.exp(4), math.exp(-2.5), None],
    }
    for how, values in wanted.items():
        assert plain(a.transform(made, "x", how, "y")["y"]) == plain(values), how


def columns_are_scaled():
    values = [1.0, 2.0, 6.0]
    made = table(x=values)
    spread = statistics.stdev(values)
    assert plain(a.scale(made, "x", "z-score", "y")["y"]) == plain([(v - 3) / spread for v in values])
    assert plain(a.scale(made, "x", "0 to 1", "y")["y"]) == [0.0, 0.2, 1.0]
    assert plain(a.scale(made, "x", "share of the largest", "y")["y"]) == plain([1 / 6, 1 / 3, 1.0])
    fails(a, lambda: a.scale(table(x=[2, 2]), "x", "z-score", "y"), "cannot be scaled")
    fails(a, lambda: a.scale(table(x=[None, None]), "x", "0 to 1", "y"), "cannot be scaled")


def numbers_are_rounded():
    assert plain(a.round_to(table(x=[1.256, 2.5, None]), "x", 2, "y")["y"]) == [1.26, 2.5, None]
    assert plain(a.round_to(table(x=[0.5, 1.5]), "x", 0, "y")["y"]) == [0.0, 2.0]


def bins_of_equal_width_and_of_equal_count():
    made = table(x=[0.0, 1.0, 2.0, 10.0, None])
    assert plain(a.into_bins(made, "x", 2, "equal width", "b")["b"]) == ["01: 0 to 5"] * 3 + [
        "02: 5 to 10",
        None,
    ]
    halves = a.into_bins(made, "x", 2, "equal count", "b")["b"]
    assert plain(halves) == ["01: 0 to 1.5", "01: 0 to 1.5", "02: 1.5 to 10", "02: 1.5 to 10", None]
    fails(a, lambda: a.into_bins(table(x=[1, 1]), "x", 2, "equal width", "b"), "two different values")


def bins_at_given_bounds():
    made = a.into_bins_at(table(x=[0, 18, 19, 70]), "x", [0, 18, 65], "b")
    assert plain(made["b"]) == ["01: 0 to 18", "01: 0 to 18", "02: 18 to 65", None]
    for bounds in ([1], [2, 1], [1, 1], ["a", 2], [True, 2]):
        fails(a, lambda bounds=bounds: a.into_bins_at(table(x=[1]), "x", bounds, "b"), "bounds")


def rows_are_labelled_by_conditions():
    made, where = table(x=[1.0, None, 3.0]), [{"column": "x", "op": ">", "value": 2}]
    assert plain(a.label(made, where, "high", "low", "y")["y"]) == ["low", "low", "high"]
    assert plain(a.flag(made, where, "y")["y"]) == [False, False, True]


def categories_become_codes_in_their_order():
    assert plain(a.encode(table(x=["b", None, "a", "b"]), "x", "y")["y"]) == [1.0, None, 0.0, 1.0]


def texts_are_cleaned_split_replaced_measured_and_joined():
    made = table(x=[" Ab c ", None, "d"])
    assert plain(a.clean_text(made, "x", "trim", "y")["y"]) == ["Ab c", None, "d"]
    assert plain(a.clean_text(made, "x", "lower", "y")["y"]) == ["ab c", None, "d"]
    assert plain(a.clean_text(made, "x", "upper", "y")["y"]) == ["AB C", None, "D"]
    assert plain(a.clean_text(made, "x", "title", "y")["y"]) == ["Ab C", None, "D"]
    assert plain(a.replace_text(table(x=["a.b", "a+b"]), "x", ".", "-", "y")["y"]) == ["a-b", "a+b"]
    assert plain(a.text_part(table(x=["a|b ", "a", None]), "x", "|", 2, "y")["y"]) == ["b", None, None]
    assert plain(a.text_length(made, "x", "characters", "y")["y"]) == [6, None, 1]
    assert plain(a.text_length(made, "x", "words", "y")["y"]) == [2, None, 1]
    joined = a.join_text(table(x=["a", None], y=[1, 2]), ["x", "y"], "-", "z")
    assert plain(joined["z"]) == ["a-1", None]
    fails(a, lambda: a.replace_text(made, "x", "", "z", "y"), "empty")
    fails(a, lambda: a.text_part(made, "x", "", 1, "y"), "empty")


def parts_of_dates():
    day = date(2024, 12, 30)
    made = table(d=pd.to_datetime(["2024-12-30 23:45", None]))
    wanted = {
        "year": 2024,
        "quarter": 4,
        "month": 12,
        "week": day.isocalendar().week,
        "day": 30,
        "day of year": day.timetuple().tm_yday,
        "weekday": day.isoweekday(),
        "hour": 23,
        "minute": 45,
    }
    for part, value in wanted.items():
        assert plain(a.date_part(made, "d", part, "p")["p"]) == [value, None], part
    fails(a, lambda: a.date_part(table(d=["2024"]), "d", "year", "p"), "to_date")


def beginnings_of_stretches_of_time():
    made = table(d=pd.to_datetime(["2024-08-15 23:45", None]))
    wanted = {
        "year": "2024-01-01",
        "quarter": "2024-07-01",
        "month": "2024-08-01",
        "week": "2024-08-12",
        "day": "2024-08-15",
        "hour": "2024-08-15 23:00:00",
    }
    for unit, value in wanted.items():
        assert plain(a.date_start(made, "d", unit, "s")["s"]) == [value, None], unit


def time_between_dates():
    made = table(
        s=pd.to_datetime(["2024-02-28", None]), e=pd.to_datetime(["2024-03-01 12:00", "2024-01-01 00:00"])
    )
    assert plain(a.date_between(made, "s", "e", "days", "x")["x"]) == [2.5, None]
    assert plain(a.date_between(made, "e", "s", "hours", "x")["x"]) == [-60.0, None]


def time_is_resampled_without_gaps():
    made = table(d=pd.to_datetime(["2024-01-31", "2024-03-01", "2024-01-02", None]), x=[1.0, None, 3.0, 9.0])
    holds(
        a.resample(made, "d", "month", "x", "sum", "s"),
        d=["2024-01-01", "2024-02-01", "2024-03-01"],
        s=[4.0, None, None],
    )
    holds(
        a.resample(made, "d", "month", "x", "count", "s"),
        d=["2024-01-01", "2024-02-01", "2024-03-01"],
        s=[2, 0, 0],
    )
    weeks = a.resample(
        table(d=pd.to_datetime(["2024-01-03", "2024-01-16"]), x=[1, 2]), "d", "week", "x", "mean", "m"
    )
    holds(weeks, d=["2024-01-01", "2024-01-08", "2024-01-15"], m=[1.0, None, 2.0])
    for unit in ("year", "quarter", "day", "hour"):
        assert plain(a.resample(made, "d", unit, "x", "max", "m")["m"])[0] in (3.0, None)
    far = table(d=pd.to_datetime(["1700-01-01", "2024-01-01"]), x=[1, 2])
    fails(a, lambda: a.resample(far, "d", "day", "x", "mean", "m"), "too small")
    holds(a.resample(made.head(0), "d", "day", "x", "mean", "m"), d=[], m=[])
