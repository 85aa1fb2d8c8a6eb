"""Which rows and columns a table has."""


def _where(made, column, op, value=None):
    condition = (
        {"column": column, "op": op} if value is None else {"column": column, "op": op, "value": value}
    )
    return plain(a.filter_rows(made, [condition])["k"])


def conditions_on_numbers_leave_out_what_is_missing():
    made = table(k=[0, 1, 2, 3], x=[1.0, None, 3.0, 5.0])
    assert _where(made, "x", "=", 3) == [2]
    assert _where(made, "x", "!=", 3) == [0, 3]
    assert _where(made, "x", "<", 3) == [0]
    assert _where(made, "x", "<=", 3) == [0, 2]
    assert _where(made, "x", ">", 1) == [2, 3]
    assert _where(made, "x", ">=", 5) == [3]
    assert _where(made, "x", "in", [1, 5]) == [0, 3]
    assert _where(made, "x", "not in", [1, 5]) == [2]
    assert _where(made, "x", "missing") == [1]
    assert _where(made, "x", "present") == [0, 2, 3]


def conditions_on_text_are_literal():
    made = table(k=[0, 1, 2, 3], x=["a.b", "axb", None, "b"])
    assert _where(made, "x", "contains", "a.b") == [0]
    assert _where(made, "x", "starts with", "a") == [0, 1]
    assert _where(made, "x", "ends with", "b") == [0, 1, 3]
    assert _where(made, "x", "=", "b") == [3]
    assert _where(made, "x", "!=", "b") == [0, 1]
    assert _where(made, "x", "not in", ["b"]) == [0, 1]
    assert _where(made, "x", "contains", "nan") == []


def conditions_on_dates_compare_days():
    made = table(k=[0, 1, 2], x=pd.to_datetime(["2024-01-01", "2024-06-01", None]))
    assert _where(made, "x", ">=", "2024-03-01") == [1]
    assert _where(made, "x", "=", "2024-01-01") == [0]
    fails(a, lambda: _where(made, "x", "=", "2023-02-29"), "write a date")


def conditions_of_another_type_are_refused():
    fails(a, lambda: _where(table(k=[0], x=[1]), "x", "=", "1"), "another type")
    fails(a, lambda: _where(table(k=[0], x=[True]), "x", "=", 1), "another type")
    fails(a, lambda: _where(table(k=[0]), "x", "=", 1), "no column 'x'")


def every_condition_must_hold_and_none_may():
    made = table(k=[0, 1, 2], x=[1, 2, 3])
    both = [{"column": "x", "op": ">", "value": 1}, {"column": "x", "op": "<", "value": 3}]
    holds(a.filter_rows(made, both), k=[1], x=[2])
    holds(a.filter_rows(made, [{"column": "x", "op": ">", "value": 9}]), k=[], x=[])


def sorting_keeps_ties_and_puts_missing_values_last():
    made = table(k=[0, 1, 2, 3], x=[2.0, None, 1.0, 2.0])
    holds(a.sort(made, ["x"]), k=[2, 0, 3, 1], x=[1.0, 2.0, 2.0, None])
    holds(a.sort(made, ["x"], True), k=[0, 3, 2, 1], x=[2.0, 2.0, 1.0, None])
    holds(a.sort(table(x=["b", "a", "a"], y=[1, 2, 1]), ["x", "y"]), x=["a", "a", "b"], y=[1, 2, 1])


def top_rows_are_in_order_and_ties_are_the_first():
    made = table(k=[0, 1, 2, 3], x=[2.0, None, 3.0, 2.0])
    holds(a.top(made, "x", 2), k=[2, 0], x=[3.0, 2.0])
    holds(a.top(made, "x", 9, "smallest"), k=[0, 3, 2], x=[2.0, 2.0, 3.0])


def top_rows_of_each_group():
    made = table(g=["b", "a", "b", "b", "a"], x=[1, 5, 3, 2, None])
    holds(a.top_of_each(made, ["g"], "x", 2), g=["a", "b", "b"], x=[5.0, 3.0, 2.0])


def the_first_rows():
    holds(a.first(table(x=[1, 2, 3]), 2), x=[1, 2])
    holds(a.first(table(x=[1]), 5), x=[1])


def a_sample_is_the_same_for_the_same_seed():
    made = table(x=list(range(100)))
    one, other = a.sample(made, 10, 7), a.sample(made, 10, 7)
    assert one.equals(other)
    assert one["x"].is_monotonic_increasing
    assert one["x"].nunique() == 10
    assert not one.equals(a.sample(made, 10, 8))
    holds(a.sample(table(x=[1, 2]), 10), x=[1, 2])


def combinations_occur_once_and_missing_is_one():
    made = table(x=["b", None, "a", "b"], y=[1, 2, 1, 1])
    holds(a.distinct(made, ["x", "y"]), x=["a", "b", None], y=[1, 1, 2])
    holds(a.distinct(table(x=[]), ["x"]), x=[])


def rows_with_gaps_go():
    holds(a.drop_missing(table(x=[1.0, None, 3.0], y=[None, "b", "c"]), ["x"]), x=[1.0, 3.0], y=[None, "c"])


def gaps_are_filled():
    made = table(x=[None, 1.0, None, 4.0, 4.0])
    holds(a.fill(made, "x", "mean"), x=[3.0, 1.0, 3.0, 4.0, 4.0])
    holds(a.fill(made, "x", "median"), x=[4.0, 1.0, 4.0, 4.0, 4.0])
    holds(a.fill(made, "x", "most frequent"), x=[4.0, 1.0, 4.0, 4.0, 4.0])
    holds(a.fill(made, "x", "zero"), x=[0.0, 1.0, 0.0, 4.0, 4.0])
    holds(a.fill(made, "x", "forward"), x=[None, 1.0, 1.0, 4.0, 4.0])
    holds(a.fill(made, "x", "backward"), x=[1.0, 1.0, 4.0, 4.0, 4.0])
    holds(a.fill(table(x=["b", None, "a"]), "x", "most frequent"), x=["b", "a", "a"])
    holds(a.fill_number(made, "x", 7), x=[7.0, 1.0, 7.0, 4.0, 4.0])
    holds(a.fill_text(table(x=["b", None]), "x", "No"), x=["b", "No"])


def gaps_that_cannot_be_filled_are_told():
    fails(a, lambda: a.fill(table(x=["b", None]), "x", "mean"), "to_number")
    fails(a, lambda: a.fill(table(x=[None, None]), "x", "mean"), "no value")
    fails(a, lambda: a.fill_text(table(x=[1.0, None]), "x", "No"), "fill_number")


def outliers_by_quartiles():
    # Quartiles of 1..9 and 100 are 3.25 and 7.75: bounds -3.5 and 14.5.
    made = table(x=[1, 2, 3, 4, 5, 6, 7, 8, 9, 100])
    holds(a.outliers(made, "x"), x=[100])
    assert len(a.outliers(made, "x", keep="others")) == 9
    holds(
        a.replace_outliers(made, "x", "nearest bound"), x=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.0]
    )
    assert plain(a.replace_outliers(made, "x", "mean")["x"])[-1] == 14.5
    assert plain(a.replace_outliers(made, "x", "missing")["x"])[-1] is None
    holds(a.outliers(table(x=[None, None, 1.0]), "x"), x=[])


def outliers_by_z_score():
    made = table(x=[0.0] * 10 + [10.0])
    # The mean is 10/11, the sample's standard deviation 10/sqrt(11) = 3.0151; the last one's score is 3.0151.
    holds(a.outliers(made, "x", "z-score", 3.0), x=[10.0])
    holds(a.outliers(made, "x", "z-score", 3.1), x=[])


def columns_are_chosen_dropped_and_renamed():
    made = table(x=[1], y=[2], z=[3])
    holds(a.select(made, ["z", "x"]), z=[3], x=[1])
    holds(a.drop(made, ["y"]), x=[1], z=[3])
    holds(a.rename(made, "y", "w"), x=[1], w=[2], z=[3])
    fails(a, lambda: a.select(made, ["q"]), "no column 'q'")
    fails(a, lambda: a.drop(made, ["x", "y", "z"]), "no column would remain")
    fails(a, lambda: a.rename(made, "x", "y"), "already")
