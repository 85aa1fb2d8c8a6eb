"""What leaves under a smallest group of 3 rows, counted in the column `n`: large groups, and nothing else."""

from pathlib import Path


def _raw():
    return table(
        g=["a"] * 5 + ["b"] * 2 + ["c"] * 3,
        h=["p", "p", "p", "q", "q"] + ["p", "q"] + ["q"] * 3,
        x=[1.0, 2.0, 3.0, 4.0, 5.0, 60.0, 70.0, 8.0, 9.0, None],
    )


def small_groups_are_left_out_and_the_others_counted():
    holds(grouped.aggregate(_raw(), ["g"], "x", "mean", "m"), g=["a"], m=[3.0], n=[5])
    holds(grouped.count(_raw(), ["g"], "rows"), g=["a", "c"], rows=[5, 3], n=[5, 3])
    holds(grouped.count_distinct(_raw(), ["g"], "h", "hs"), g=["a", "c"], hs=[2, 1], n=[5, 3])
    holds(grouped.group_share(_raw(), ["g"], "s"), g=["a", "c"], s=[0.5, 0.3], n=[5, 3])
    holds(grouped.group_quantile(_raw(), ["g"], "x", 0.5, "q"), g=["a"], q=[3.0], n=[5])
    holds(grouped.aggregate_several(_raw(), ["g"], ["x"], "sum"), g=["a"], x=[15.0], n=[5])
    holds(grouped.distinct(_raw(), ["g", "h"]), g=["a", "c"], h=["p", "q"], n=[3, 3])
    holds(grouped.frequencies(_raw(), "g"), g=["a", "c"], count=[5, 3], share=[0.5, 0.3], n=[5, 3])
    assert plain(
        grouped.group_correlate(_raw().assign(y=_raw()["x"]), ["g"], "x", "y", "pearson", "r")["g"]
    ) == ["a"]


def only_rows_with_a_value_count():
    # Group c has three rows, but two values: their mean would tell of two.
    assert "c" not in set(grouped.aggregate(_raw(), ["g"], "x", "mean", "m")["g"])


def groups_of_groups_count_the_rows_behind_them():
    once = grouped.count(_raw(), ["g"], "rows")
    holds(grouped.aggregate(once.assign(k=1), ["k"], "rows", "max", "m"), k=[1], m=[5], n=[8])


def stretches_of_time_are_groups_under_a_name_of_their_own():
    made = table(d=pd.to_datetime(["2024-01-01"] * 3 + ["2024-02-01"] + ["2024-03-01"] * 4), x=range(8))
    fails(grouped, lambda: grouped.resample(made, "d", "month", "x", "sum", "s"), "date_start")
    months = grouped.date_start(made, "d", "month", "month")
    holds(
        grouped.aggregate(months, ["month"], "x", "sum", "s"),
        month=["2024-01-01", "2024-03-01"],
        s=[3, 22],
        n=[3, 4],
    )


def several_lines_about_the_same_rows_do_not_leave():
    made = _raw().assign(y=range(10))
    for call in (
        lambda: grouped.describe(made, ["x", "y"]),
        lambda: grouped.count_missing(made, ["x", "y"]),
        lambda: grouped.quantiles(made, "x", [0.25, 0.5]),
        lambda: grouped.correlation_matrix(made, ["x", "y"]),
        lambda: grouped.regress(made, "y", ["x"]),
    ):
        fails(grouped, call, "one column or value at a time")
    assert plain(grouped.quantiles(made, "x", [0.5])["n"]) == [9]
    assert "n" not in grouped.unpivot(
        grouped.count(made, ["g"], "rows").assign(z=1), ["g"], ["rows", "z"], "w", "v"
    )


def small_cells_are_empty():
    holds(grouped.pivot(_raw(), "g", "h", "x", "max"), g=["a"], p=[3.0], n=[3])
    holds(grouped.cross_count(_raw(), "g", "h"), g=["a", "c"], p=[3.0, None], q=[None, 3.0], n=[3, 3])


def whole_tables_are_told_of_when_they_are_large_enough():
    made = _raw()
    assert plain(grouped.describe(made, ["x"])["n"]) == [9]
    assert plain(grouped.correlate(made.assign(y=made["x"]), "x", "y")["n"]) == [9]
    assert plain(grouped.normality(made, "x")["n"]) == [9]
    few = made.head(2).assign(y=[1, 2])
    for call in (
        lambda: grouped.describe(few, ["x"]),
        lambda: grouped.quantiles(few, "x", [0.5]),
        lambda: grouped.count_missing(few, ["x"]),
        lambda: grouped.value(few, "x", "max"),
        lambda: grouped.value_quantile(few, "x", 0.5),
        lambda: grouped.moment_skewness(few, "x"),
        lambda: grouped.row_count(few),
        lambda: grouped.distinct_count(few, "x"),
        lambda: grouped.t_test_against(few, "x", 0),
        lambda: grouped.histogram(few, "x"),
        lambda: grouped.box(few, "x"),
    ):
        fails(grouped, call, "fewer than 3")


def one_small_group_is_enough_to_refuse_a_test():
    made = _raw().head(7)
    fails(grouped, lambda: grouped.t_test(made, "x", "g"), "too few")
    assert len(a.t_test(made, "x", "g")) == 1


def single_rows_do_not_leave():
    made = _raw()
    for call in (
        lambda: grouped.export_csv(made, "out"),
        lambda: grouped.export_json(made),
        lambda: grouped.export_value(made, "x", "v"),
        lambda: grouped.cell(made, "x"),
        lambda: grouped.bar(made, "g", "x"),
        lambda: grouped.scatter(made.assign(y=1), "x", "y"),
        lambda: grouped.line(made.assign(y=1), "y", "x"),
        lambda: grouped.pie(made, "g", "x"),
    ):
        fails(grouped, call, "single rows must not leave")
    fails(grouped, lambda: grouped.show(grouped.count(made, ["g"], "rows")), "use export_csv")
    assert not list(Path().iterdir())
    fails(
        grouped,
        lambda: grouped.most_frequent(made.head(6).assign(x=range(6)), "x"),
        "no value occurs 3 times",
    )


def the_column_that_counts_cannot_be_made_or_changed():
    made, once = _raw(), grouped.count(_raw(), ["g"], "rows")
    for call in (
        lambda: grouped.derive_with(made, "x", "+", 9, "n"),
        lambda: grouped.label(made, [{"column": "x", "op": "present"}], "y", "n", "n"),
        lambda: grouped.rename(made, "x", "n"),
        lambda: grouped.rename(once, "n", "m"),
        lambda: grouped.drop(once, ["n"]),
        lambda: grouped.fill_number(once, "n", 9),
        lambda: grouped.to_text(once, "n"),
        lambda: grouped.replace_outliers(once, "n", "mean"),
        lambda: grouped.aggregate(made, ["g"], "x", "mean", "n"),
        lambda: grouped.aggregate(once, ["n"], "rows", "sum", "s"),
        lambda: grouped.unpivot(made.assign(y=1), ["g"], ["x", "y"], "what", "n"),
        lambda: grouped.unpivot(made.assign(y=1), ["g"], ["x", "y"], "n", "what"),
        lambda: grouped.pivot(made.assign(h="n"), "g", "h", "x"),
        lambda: grouped.correlation_matrix(made.assign(n=made["x"]), ["x", "n"]),
    ):
        fails(grouped, call, "")


def a_count_of_that_name_is_the_same_column():
    holds(grouped.count(_raw(), ["g"], "n"), g=["a", "c"], n=[5, 3])


def the_count_stays_whatever_is_selected():
    once = grouped.count(_raw(), ["g"], "rows")
    holds(grouped.select(once, ["rows"]), rows=[5, 3], n=[5, 3])
    holds(grouped.unpivot(once, ["g"], ["rows"], "w", "v"), g=["a", "c"], w=["rows"] * 2, v=[5, 3], n=[5, 3])


def groups_joined_to_single_rows_are_single_rows():
    once = grouped.count(_raw(), ["g"], "rows")
    assert "n" not in grouped.join(_raw(), ["g"], once).columns
    assert "n" not in grouped.join(once, ["g"], _raw()).columns
    assert "n" not in grouped.append(once[["g", "n"]], _raw()[["g"]]).columns
    assert "n" not in grouped.append(_raw()[["g"]], once[["g", "n"]]).columns
    twice = grouped.join(once, ["g"], grouped.aggregate(_raw(), ["g"], "x", "sum", "s"), "left")
    holds(twice, g=["a", "c"], rows=[5, 3], s=[15.0, None], n=[5, 3])


def tables_are_not_joined_by_how_large_groups_are():
    once = grouped.count(_raw(), ["g"], "rows")
    fails(grouped, lambda: grouped.join(once, ["g", "n"], once), "stays as it is")
    fails(grouped, lambda: grouped.without(once, ["n"], once), "stays as it is")


def figures_of_groups_are_drawn_and_small_parts_left_out():
    grouped.bar(grouped.count(_raw(), ["g"], "rows"), "g", "rows")
    bars = grouped.histogram(_raw(), "x", 2).axes[0].patches
    assert [bar.get_height() for bar in bars] == [7, 0]
    axes = grouped.box(_raw(), "x", "g").axes[0]
    assert [each.get_text() for each in axes.get_xticklabels()] == ["a"]


def what_leaves_says_how_large_its_groups_are():
    grouped.export_csv(grouped.aggregate(_raw(), ["g"], "x", "mean", "m"), "out")
    assert Path("out.csv").read_text() == "g,m,n\na,3.0,5\n"
