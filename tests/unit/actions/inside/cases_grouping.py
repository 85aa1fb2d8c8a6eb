"""Groups, windows, and tables put together."""

import statistics


def _sales():
    return table(
        region=["b", "a", "b", "a", "b", None],
        kind=["x", "x", "y", "y", "y", "x"],
        price=[1.0, 2.0, 3.0, None, 8.0, 5.0],
        units=[1, 2, 3, 4, 5, 6],
    )


def every_measure_is_computed_over_the_group():
    b = [1.0, 3.0, 8.0]
    wanted = {
        "mean": 4.0,
        "sum": 12.0,
        "median": 3.0,
        "min": 1.0,
        "max": 8.0,
        "count": 3,
        "std": statistics.stdev(b),
        "population std": statistics.pstdev(b),
        "variance": statistics.variance(b),
        "range": 7.0,
        "distinct": 3,
    }
    for how, value in wanted.items():
        made = a.aggregate(_sales(), ["region"], "price", how, "m")
        assert list(made.columns) == ["region", "m"]
        assert plain(made["region"]) == ["a", "b", None]
        assert plain(made["m"])[1] == plain([value])[0], how


def a_group_without_values_has_no_mean_and_a_count_of_zero():
    made = table(g=["a", "b"], x=[None, 1.0])
    holds(a.aggregate(made, ["g"], "x", "mean", "m"), g=["a", "b"], m=[None, 1.0])
    holds(a.aggregate(made, ["g"], "x", "sum", "m"), g=["a", "b"], m=[None, 1.0])
    holds(a.aggregate(made, ["g"], "x", "count", "m"), g=["a", "b"], m=[0, 1])


def groups_of_no_rows_are_no_groups():
    holds(a.aggregate(table(g=[], x=[]), ["g"], "x", "mean", "m"), g=[], m=[])
    holds(a.count(table(g=[]), ["g"], "c"), g=[], c=[])


def two_keys_make_groups_of_pairs():
    made = a.aggregate(_sales(), ["region", "kind"], "units", "sum", "s")
    holds(made, region=["a", "a", "b", "b", None], kind=["x", "y", "x", "y", "x"], s=[2, 4, 1, 8, 6])


def the_column_itself_can_be_a_key_and_names_must_be_free():
    holds(a.aggregate(table(x=[1, 1, 2]), ["x"], "x", "count", "c"), x=[1, 2], c=[2, 1])
    fails(a, lambda: a.aggregate(table(x=[1], y=[1]), ["x"], "y", "mean", "x"), "already")
    fails(a, lambda: a.aggregate(table(x=[1], y=["a"]), ["x"], "y", "mean", "m"), "to_number")
    fails(a, lambda: a.aggregate(table(x=[1], y=[1]), ["z"], "y", "mean", "m"), "no column 'z'")


def several_columns_are_computed_at_once():
    made = a.aggregate_several(_sales(), ["region"], ["price", "units"], "max")
    holds(made, region=["a", "b", None], price=[2.0, 8.0, 5.0], units=[4, 5, 6])
    fails(a, lambda: a.aggregate_several(_sales(), ["units"], ["units"], "max"), "twice")


def rows_and_different_values_are_counted():
    holds(a.count(_sales(), ["region"], "rows"), region=["a", "b", None], rows=[2, 3, 1])
    holds(a.count_distinct(_sales(), ["region"], "kind", "kinds"), region=["a", "b", None], kinds=[2, 2, 1])
    holds(a.group_share(_sales(), ["region"], "s"), region=["a", "b", None], s=[1 / 3, 1 / 2, 1 / 6])


def quantiles_of_groups_are_interpolated():
    made = a.group_quantile(_sales(), ["region"], "price", 0.25, "q")
    holds(made, region=["a", "b", None], q=[2.0, 2.0, 5.0])


def correlations_of_groups():
    made = table(
        g=["a"] * 4 + ["b"] * 2 + ["c"] * 3, x=[1, 2, 3, 4, 1, 2, 1, 2, 3], y=[2, 4, 6, 9, 1, 1, 7, 7, 7]
    )
    found = a.group_correlate(made, ["g"], "x", "y", "pearson", "r")
    assert plain(found["g"]) == ["a", "b", "c"]
    wanted = statistics.correlation([1, 2, 3, 4], [2, 4, 6, 9])
    assert plain(found["r"]) == [plain([wanted])[0], None, None]
    assert list(found.columns) == ["g", "r", "p value"]


def a_group_s_value_stands_in_each_row():
    made = a.group_value(_sales(), ["region"], "price", "mean", "m")
    assert plain(made["m"]) == [4.0, 2.0, 4.0, 2.0, 4.0, 5.0]
    assert plain(a.group_value(_sales(), ["region"], "price", "count", "m")["m"]) == [3, 1, 3, 1, 3, 1]


def shares_ranks_and_running_sums():
    made = table(g=["a", "b", "a", "a"], x=[1.0, 5.0, 3.0, None])
    assert plain(a.share(made, "x", "s")["s"]) == plain([1 / 9, 5 / 9, 3 / 9, None])
    assert plain(a.share(made, "x", "s", ["g"])["s"]) == [0.25, 1.0, 0.75, None]
    assert plain(a.share(table(x=[1.0, -1.0]), "x", "s")["s"]) == [None, None]
    assert plain(a.rank(table(x=[3, 5, 3, 1]), "x", "r")["r"]) == [2.0, 1.0, 2.0, 4.0]
    assert plain(a.rank(made, "x", "r", "smallest first", ["g"])["r"]) == [1.0, 1.0, 2.0, None]
    assert plain(a.cumulate(made, "x", "c")["c"]) == [1.0, 6.0, 9.0, None]
    assert plain(a.cumulate(made, "x", "c", by=["g"])["c"]) == [1.0, 5.0, 4.0, None]
    assert plain(a.cumulate(table(x=[2, 1, 3]), "x", "c", "max")["c"]) == [2, 2, 3]
    assert plain(a.cumulate(table(x=[2, 1, 3]), "x", "c", "min")["c"]) == [2, 1, 1]


def differences_shifts_and_moving_windows():
    made = table(g=["a", "b", "a", "b"], x=[1.0, 10.0, 3.0, 5.0])
    assert plain(a.difference(made, "x", "d")["d"]) == [None, 9.0, -7.0, 2.0]
    assert plain(a.difference(made, "x", "d", by=["g"])["d"]) == [None, None, 2.0, -5.0]
    assert plain(a.difference(made, "x", "d", "percent", by=["g"])["d"]) == [None, None, 200.0, -50.0]
    assert plain(a.difference(table(x=[0, 1]), "x", "d", "percent")["d"]) == [None, None]
    assert plain(a.shift(made, "x", "s", 1, ["g"])["s"]) == [None, None, 1.0, 10.0]
    assert plain(a.shift(made, "x", "s", -1)["s"]) == [10.0, 3.0, 5.0, None]
    assert plain(a.rolling(made, "x", 2, "r")["r"]) == [None, 5.5, 6.5, 4.0]
    assert plain(a.rolling(made, "x", 2, "r", "sum", ["g"])["r"]) == [None, None, 4.0, 15.0]
    for how, value in {"median": 5.5, "min": 1.0, "max": 10.0, "std": statistics.stdev([1, 10])}.items():
        assert plain(a.rolling(made, "x", 2, "r", how)["r"])[1] == plain([value])[0]
    assert plain(a.rolling(table(x=[1.0, None, 3.0, 4.0]), "x", 2, "r")["r"]) == [None, None, None, 3.5]


def tables_are_joined_by_their_keys():
    left = table(k=["a", "b", None, "a"], x=[1, 2, 3, 4])
    right = table(k=["a", "c", None], x=[10, 20, 30])
    holds(a.join(left, ["k"], right), k=["a", "a"], x=[1, 4], x_2=[10, 10])
    holds(
        a.join(left, ["k"], right, "left"),
        k=["a", "b", None, "a"],
        x=[1, 2, 3, 4],
        x_2=[10.0, None, None, 10.0],
    )
    holds(
        a.join(left, ["k"], right, "all"),
        k=["a", "b", None, "a", "c", None],
        x=[1.0, 2.0, 3.0, 4.0, None, None],
        x_2=[10.0, None, None, 10.0, 20.0, 30.0],
    )
    holds(a.without(left, ["k"], right), k=["b", None], x=[2, 3])


def joins_pair_every_row_that_agrees():
    holds(
        a.join(table(k=[1, 1], x=[1, 2]), ["k"], table(k=[1, 1], y=[3, 4])),
        k=[1, 1, 1, 1],
        x=[1, 1, 2, 2],
        y=[3, 4, 3, 4],
    )


def joins_that_cannot_be_made_are_refused():
    fails(a, lambda: a.join(table(k=[1]), ["k"], table(k=["1"])), "another type")
    fails(a, lambda: a.join(table(k=[1]), ["k"], table(j=[1])), "no column 'k'")
    many = table(k=[1] * 1001)
    fails(a, lambda: a.join(many, ["k"], many), "1,000,000 pairs")


def names_like_our_own_do_not_disturb_a_join():
    left, right = table(k=[2, 1], order=["p", "q"], place=[1, 2]), table(k=[1, 2], x=[5, 6])
    holds(a.join(left, ["k"], right), k=[2, 1], order=["p", "q"], place=[1, 2], x=[6, 5])


def rows_are_appended_in_the_first_tables_columns():
    holds(a.append(table(x=[1], y=["a"]), table(y=["b"], x=[2])), x=[1, 2], y=["a", "b"])
    fails(a, lambda: a.append(table(x=[1]), table(z=[1])), "different columns")
    fails(a, lambda: a.append(table(x=[1]), table(x=["a"])), "another type")


def long_becomes_wide():
    holds(
        a.pivot(_sales(), "region", "kind", "units", "sum"),
        region=["a", "b", None],
        x=[2.0, 1.0, 6.0],
        y=[4.0, 8.0, None],
    )
    holds(a.cross_count(_sales(), "region", "kind"), region=["a", "b", None], x=[1, 1, 1], y=[1, 2, 0])
    shares = a.cross_count(_sales(), "region", "kind", "of the row")
    holds(shares, region=["a", "b", None], x=[0.5, 1 / 3, 1.0], y=[0.5, 2 / 3, 0.0])
    assert plain(a.cross_count(_sales(), "region", "kind", "of all")["y"]) == plain([1 / 6, 1 / 3, 0.0])


def values_become_names_of_columns():
    made = table(r=[1, 1, 1], c=[2.0, None, 2.5], x=[7, 8, 9])
    assert list(a.pivot(made, "r", "c", "x").columns) == ["r", "2.0", "2.5", "(missing)"]
    fails(a, lambda: a.pivot(table(r=range(101), c=range(101), x=range(101)), "r", "c", "x"), "more than 100")
    fails(a, lambda: a.pivot(made, "r", "r", "x"), "twice")
    fails(a, lambda: a.pivot(table(r=[1], c=["r"], x=[1]), "r", "c", "x"), "already")


def wide_becomes_long():
    made = table(k=["a", "b"], p=[1, 2], q=[3, None], order=[5, 6])
    holds(
        a.unpivot(made, ["k"], ["p", "q"], "what", "how much"),
        k=["a", "a", "b", "b"],
        what=["p", "q", "p", "q"],
        how__much=[1.0, 3.0, 2.0, None],
    )
    fails(a, lambda: a.unpivot(made, ["k"], ["p"], "k", "v"), "kept")
    fails(a, lambda: a.unpivot(made, ["k"], ["k"], "w", "v"), "twice")
