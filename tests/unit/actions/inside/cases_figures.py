"""Figures hold the marks that the table says, and exports hold the table."""

import json
from pathlib import Path


def _rows():
    return table(
        day=pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-01"]),
        x=[3.0, 1.0, 2.0, 1.0],
        y=[30.0, 10.0, None, 40.0],
        g=["b", "a", "a", "b"],
    )


def _axes(figure):
    assert plt.fignum_exists(figure.number), "the figure stays open, so that the chain delivers it"
    figure.canvas.draw()
    return figure.axes[0]


def _labels(axes):
    return [each.get_text() for each in axes.get_xticklabels()]


def bars_stand_in_the_table_s_order():
    axes = _axes(a.bar(table(x=["b", "a", None], y=[2.0, 1.0, 5.0]), "x", "y", "Title"))
    assert [bar.get_height() for bar in axes.patches] == [2.0, 1.0]
    assert _labels(axes) == ["b", "a"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("x", "y", "Title")


def lying_bars_go_from_the_top_down():
    axes = _axes(a.bar(table(x=[1.0, 2.5], y=[2, 1]), "x", "y", direction="lying"))
    assert [bar.get_width() for bar in axes.patches] == [2, 1]
    assert [each.get_text() for each in axes.get_yticklabels()] == ["1", "2.5"]
    assert axes.yaxis_inverted()


def bars_side_by_side_and_on_top_of_each_other():
    made = table(x=["p", "p", "q"], g=["b", "a", "a"], y=[1.0, 2.0, 3.0])
    axes = _axes(a.grouped_bar(made, "x", "y", "g"))
    assert [each.get_text() for each in axes.get_legend().get_texts()] == ["a", "b"]
    assert [bar.get_height() for bar in axes.patches][:3] == [2.0, 3.0, 1.0]
    axes = _axes(a.stacked_bar(made, "x", "y", "g"))
    assert [(bar.get_y(), bar.get_height()) for bar in axes.patches] == [(0, 2), (0, 3), (2, 1), (3, 0)]
    fails(a, lambda: a.stacked_bar(made.assign(y=-1), "x", "y", "g"), "below 0")
    fails(a, lambda: a.grouped_bar(pd.concat([made, made]), "x", "y", "g"), "aggregate them first")


def lines_are_drawn_in_order_one_for_each_group():
    axes = _axes(a.line(_rows(), "x", "y", group="g"))
    assert [(list(each.get_xdata()), list(each.get_ydata())) for each in axes.lines] == [
        ([1], [10]),
        ([1, 3], [40, 30]),
    ]
    assert [each.get_text() for each in axes.get_legend().get_texts()] == ["a", "b"]
    assert len(_axes(a.line(_rows(), "day", "y")).lines) == 1
    fails(a, lambda: a.line(_rows(), "g", "y"), "draw bars")


def several_columns_are_several_lines_with_gaps():
    axes = _axes(a.lines(_rows(), "day", ["x", "y"]))
    assert [each.get_label() for each in axes.lines] == ["x", "y"]
    assert np.isnan(axes.lines[1].get_ydata()).sum() == 1


def areas_lie_on_each_other():
    made = table(x=[2, 1, 1], y=[5.0, 1.0, 2.0], g=["a", "a", "b"])
    assert len(_axes(a.area(made, "x", "y", group="g")).collections) == 2
    assert len(_axes(a.area(made.head(2), "x", "y")).collections) == 1
    fails(a, lambda: a.area(made, "x", "y"), "aggregate them first")
    fails(a, lambda: a.area(made.assign(y=-1).head(2), "x", "y"), "below 0")


def points_and_their_trend():
    made = table(x=[1.0, 2.0, 3.0, None], y=[2.0, 4.0, 6.0, 1.0], g=["a", "b", "a", "a"])
    axes = _axes(a.scatter(made, "x", "y", group="g", trend=True))
    assert sorted(map(tuple, np.concatenate([each.get_offsets() for each in axes.collections]))) == [
        (1, 2),
        (2, 4),
        (3, 6),
    ]
    assert np.allclose(axes.lines[0].get_ydata(), [2, 6])
    assert len(_axes(a.scatter(_rows(), "day", "y")).collections) == 1
    fails(a, lambda: a.scatter(made.assign(x=1), "x", "y", trend=True), "two different")


def histograms_count():
    axes = _axes(a.histogram(table(x=[0.0, 1.0, 1.5, 4.0, None]), "x", 2))
    assert [bar.get_height() for bar in axes.patches] == [3, 1]
    assert len(_axes(a.histogram(table(x=[1, 1]), "x")).patches) == 20


def boxes_stand_in_order_of_the_groups():
    axes = _axes(a.box(_rows(), "x", "g"))
    assert _labels(axes) == ["a", "b"]
    assert _labels(_axes(a.box(_rows(), "x"))) == ["x"]


def heat_maps_leave_missing_pairs_empty():
    axes = _axes(a.heat_map(table(x=["b", "a"], y=[1, 2], v=[5.0, 6.0]), "x", "y", "v"))
    assert axes.collections[0].get_array().filled(-1).ravel().tolist() == [-1, 5, 6, -1]
    assert _labels(axes) == ["a", "b"]
    fails(a, lambda: a.heat_map(table(x=[1, 1], y=[1, 1], v=[1, 2]), "x", "y", "v"), "aggregate")
    shown = _axes(a.correlation_map(table(x=[1, 2, 3], y=[3, 2, 1]), ["x", "y"])).collections[0]
    assert np.allclose(np.asarray(shown.get_array()).ravel(), [1, -1, -1, 1])
    assert shown.get_clim() == (-1, 1)


def pies_name_their_slices():
    axes = _axes(a.pie(table(k=["a", "b"], v=[1, 3]), "k", "v"))
    assert {"a", "b", "25.0%", "75.0%"} <= {each.get_text() for each in axes.texts}
    fails(a, lambda: a.pie(table(k=["a"], v=[0]), "k", "v"), "slices")
    fails(a, lambda: a.pie(table(k=["a"], v=[-1]), "k", "v"), "below 0")


def nothing_is_no_figure():
    empty = table(x=[], y=[])
    for draw in (a.bar, a.line, a.area, a.scatter):
        fails(a, lambda draw=draw: draw(empty, "x", "y"), "no row")
    fails(a, lambda: a.histogram(empty, "x"), "fewer than 1")
    fails(a, lambda: a.box(empty, "x"), "fewer than 1")
    fails(a, lambda: a.pie(empty, "x", "y"), "no row")
    assert not plt.get_fignums()


def too_much_is_no_figure():
    fails(a, lambda: a.bar(table(x=range(201), y=range(201)), "x", "y"), "too many to draw")
    fails(
        a,
        lambda: a.line(table(x=range(21), y=range(21), g=range(21)), "x", "y", group="g"),
        "too many to tell apart",
    )


def one_row_is_a_figure():
    made = table(x=[1.0], y=[2.0], k=["a"])
    for figure in (
        a.bar(made, "k", "y"),
        a.line(made, "x", "y"),
        a.scatter(made, "x", "y"),
        a.box(made, "y"),
        a.pie(made, "k", "y"),
    ):
        _axes(figure)


def csv_holds_the_table():
    assert a.export_csv(_rows().head(3), "out") == "out.csv"
    assert (
        Path("out.csv").read_text()
        == "day,x,y,g\n2024-01-03,3.0,30.0,b\n2024-01-01,1.0,10.0,a\n2024-01-02,2.0,,a\n"
    )


def json_holds_the_rows():
    assert a.export_json(_rows().iloc[[2]]) == "result.json"
    assert json.loads(Path("result.json").read_text()) == {
        "rows": [{"day": "2024-01-02", "x": 2.0, "y": None, "g": "a"}]
    }
    a.export_json(table(x=pd.to_datetime(["2024-01-01 01:02"]), k=[True], n=[7]), "other")
    assert json.loads(Path("other.json").read_text()) == {
        "rows": [{"x": "2024-01-01 01:02:00", "k": True, "n": 7}]
    }
    a.export_json(table(x=[]), "none")
    assert json.loads(Path("none.json").read_text()) == {"rows": []}


def one_value_is_exported():
    a.export_value(table(x=[2.5, 3.0]), "x", "mean price")
    assert json.loads(Path("result.json").read_text()) == {"mean price": 2.5}


def a_table_is_printed_and_goes_on():
    import contextlib
    import io

    out, made = io.StringIO(), table(x=range(205))
    with contextlib.redirect_stdout(out):
        assert a.show(made) is made
    assert out.getvalue().endswith("199\nand 5 rows more\n")
