"""Honest charts and what survives of them, under the sandbox's interpreter: DIRECTORY STYLE ROOT.

Each is drawn by its library, told by the extractor, read, and drawn in house style. What both figures show
is taken from matplotlib's own artists; one line of JSON is printed for each chart.
"""

import json
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

sys.path.append(sys.argv[3])
from executor_svc.delivery.inside.description import extractor
from executor_svc.delivery.inside.style import described, drawing, frame, house

warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
sales = pd.DataFrame({"region": list("NSEW") * 3, "year": np.repeat([2019, 2020, 2021], 4)})
sales["price"] = rng.gamma(3, 20, 12).round(2)
level = pd.Series(rng.normal(0, 1, 400).cumsum(), pd.date_range("2021-01-01", periods=400), name="level")
people = pd.DataFrame(rng.normal(size=(60, 3)), columns=["age", "income", "score"])
people["group"] = rng.choice(["a", "b", "c"], 60)
CHARTS = {}


def chart(function):
    CHARTS[function.__name__] = function
    return function


@chart
def pandas_bar():
    sales.groupby("region").price.mean().plot.bar(title="Mean price per region", ylabel="price (EUR)")


@chart
def pandas_grouped_bars():
    sales.pivot(index="year", columns="region", values="price").plot.bar(rot=0, title="By year")


@chart
def pandas_stacked_bars():
    sales.pivot(index="year", columns="region", values="price").plot.barh(stacked=True)


@chart
def pandas_time_series():
    level.plot(title="Level")
    level.rolling(30).mean().plot(style="--", label="30 days")
    plt.legend()


@chart
def pandas_monthly():
    level.resample("ME").mean().plot(marker="o")


@chart
def pandas_pie():
    sales.groupby("region").price.sum().plot.pie(autopct="%1.1f%%")


@chart
def pandas_area():
    sales.pivot(index="year", columns="region", values="price").plot.area()


@chart
def pandas_box():
    people.boxplot(column="age", by="group")


@chart
def pandas_hexbin():
    people.plot.hexbin(x="age", y="income", gridsize=8)


@chart
def lines_on_dates():
    _, axes = plt.subplots()
    axes.plot(level.index, level.values, label="level")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.axvline(pd.Timestamp("2021-06-01"), color="red", linestyle=":")
    axes.legend()


@chart
def scatter_with_colour_bar():
    figure, axes = plt.subplots()
    points = axes.scatter(people.age, people.income, c=people.score, s=30, cmap="plasma")
    figure.colorbar(points, label="score")
    axes.set(title="Ages and incomes", xlabel="age", ylabel="income")


@chart
def error_bars():
    plt.errorbar([1, 2, 3], [4, 5, 3], yerr=[0.3, 0.5, 0.2], fmt="o-", capsize=3, label="measured")
    plt.legend()


@chart
def two_axes():
    _, axes = plt.subplots()
    axes.plot([1, 2, 3], [1000, 20000, 15000])
    axes.set_ylabel("EUR")
    other = axes.twinx()
    other.plot([1, 2, 3], [0.1, 0.2, 0.3], color="C1")
    other.set_ylabel("share")


@chart
def four_panels():
    figure, panels = plt.subplots(2, 2, sharex=True, figsize=(8, 6))
    for power, axes in enumerate(panels.flat):
        axes.plot(np.arange(5), np.arange(5) ** power, color=f"C{power}")
        axes.set_title(f"power {power}")
    figure.suptitle("Four powers")
    figure.supxlabel("n")


@chart
def logarithmic():
    plt.plot([1, 10, 100, 1000], [1, 100, 1e4, 1e6], "s-")
    plt.xscale("log")
    plt.yscale("log")
    plt.xlabel("size")


@chart
def annotated_bars():
    figure, axes = plt.subplots()
    axes.bar_label(axes.bar(["a", "b", "c"], [3, 5, 2]))
    axes.annotate("top", xy=(1, 5), xytext=(1.6, 4.5), arrowprops={"arrowstyle": "->"})
    axes.text(0.02, 0.95, "n = 10", transform=axes.transAxes, va="top")
    axes.set_ylim(0, 6)
    figure.text(0.01, 0.01, "Source: survey")


@chart
def band_and_span():
    x = np.linspace(0, 6, 40)
    plt.fill_between(x, np.sin(x) - 0.2, np.sin(x) + 0.2, alpha=0.3)
    plt.plot(x, np.sin(x), label=r"$\sin(x)$")
    plt.axvspan(2, 3, color="grey", alpha=0.2)
    plt.legend(loc="center left", bbox_to_anchor=(1, 0.5))


@chart
def contours():
    x, y = np.meshgrid(np.linspace(-2, 2, 20), np.linspace(-2, 2, 20))
    plt.contourf(x, y, np.exp(-(x**2) - y**2), 6)
    plt.contour(x, y, x * y, colors="black")


@chart
def polar():
    axes = plt.subplot(projection="polar")
    angle = np.linspace(0, 2 * np.pi, 40)
    axes.plot(angle, 1 + np.sin(3 * angle))
    axes.set_title("polar")


@chart
def small_table():
    _, axes = plt.subplots()
    axes.axis("off")
    axes.table(cellText=[["1", "2"], ["3", "4"]], colLabels=["a", "b"], loc="center")


@chart
def seaborn_box():
    sns.boxplot(data=people, x="group", y="age", hue="group")


@chart
def seaborn_violin():
    sns.violinplot(data=people, x="group", y="age", hue="group")


@chart
def seaborn_heat_map():
    sns.heatmap(
        people[["age", "income", "score"]].corr(), annot=True, fmt=".2f", cmap="coolwarm", vmin=-1, vmax=1
    )


@chart
def seaborn_histogram():
    sns.histplot(data=people, x="age", hue="group", kde=True)


@chart
def seaborn_regression():
    sns.lmplot(data=people, x="age", y="income", hue="group", height=3, ci=None)


@chart
def seaborn_joint():
    sns.jointplot(data=people, x="age", y="income", height=4)


def words(figure):
    """Every text that a reader sees and that is no number at a tick."""
    found = [getattr(figure, name, None) for name in ("_suptitle", "_supxlabel", "_supylabel")]
    found += figure.texts
    for legend in figure.legends:
        found += [*legend.get_texts(), legend.get_title()]
    for axes in figure.axes:
        found += [
            axes.title,
            axes._left_title,
            axes._right_title,
            axes.xaxis.label,
            axes.yaxis.label,
            *axes.texts,
        ]
        if legend := axes.get_legend():
            found += [*legend.get_texts(), legend.get_title()]
        for table in axes.tables:
            found += [cell.get_text() for cell in table.get_celld().values()]
        for axis in (axes.xaxis, axes.yaxis):
            fixed = type(axis.get_major_locator()).__name__ in ("FixedLocator", "StrCategoryLocator")
            found += axis.get_majorticklabels() if fixed and axes.axison else []
    lines = [
        line
        for text in found
        if text is not None and text.get_visible()
        for line in text.get_text().split("\n")
    ]
    return sorted({line.strip() for line in lines if line.strip() and not number(line)})


def number(text):
    try:
        float(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))
    except ValueError:
        return False
    return True


def marks(figure):
    """Per kind how many there are, and a sum of their numbers, all axes together."""
    kinds = mpl.collections
    found = {"lines": [], "bars": [], "points": [], "cells": []}
    shapes = 0
    for axes in figure.axes:
        if hasattr(axes, "_colorbar") or axes.get_zorder() > 1e8:
            continue
        for line in axes.lines:
            if line.get_transform() == axes.transData and len(line.get_ydata()):
                found["lines"].append(float(np.nansum(np.asarray(line.get_ydata(), float))))
        for patch in axes.patches:
            plain = isinstance(patch, mpl.patches.Rectangle) and patch.get_data_transform() == axes.transData
            if plain:
                found["bars"].append(float(patch.get_width() * patch.get_height()))
            shapes += not plain
        for one in [*axes.collections, *axes.images]:
            if isinstance(one, (kinds.QuadMesh, mpl.image.AxesImage)):
                found["cells"].append(float(one.get_array().size))
            elif (
                isinstance(one, kinds.PathCollection)
                and len(one.get_offsets())
                and one.get_offset_transform() == axes.transData
            ):
                found["points"] += [float(y) for _, y in np.ma.filled(one.get_offsets(), np.nan)]
            else:
                shapes += bool(len(one.get_paths()))
    return {kind: [len(values), sum(values)] for kind, values in found.items()} | {"shapes": shapes}


def limits(figure):
    """Of each axes but colour bars and logos."""
    return [
        [*axes.get_xlim(), *axes.get_ylim()]
        for axes in figure.axes
        if not hasattr(axes, "_colorbar") and axes.name == "rectilinear"
    ]


def look(directory, name, style):
    plt.close("all")
    CHARTS[name]()
    figure = plt.gcf()
    figure.savefig(directory / f"{name}.png", dpi=50)
    told = described.read((directory / extractor.FILE).read_bytes())[-1]
    assert told.figure is not None, told.failed
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(style.rules(["DejaVu Sans"]))
        drawn = drawing._Drawing(style, told.figure)
        drawn.draw()
        drawn.lay_out()
        again = {"words": words(drawn.figure), "marks": marks(drawn.figure), "limits": limits(drawn.figure)}
        drawn.figure.savefig(
            directory / f"house-{name}.png", bbox_inches=frame.box(drawn.figure, style), dpi=50
        )
    pixels = np.asarray(mpl.image.imread(directory / f"house-{name}.png"))[:, :, :3]
    rows, columns = pixels.shape[:2]
    inner = pixels[rows // 8 : -rows // 8, columns // 8 : -columns // 8]
    ink = float((np.abs(inner - pixels[2, 2]).max(axis=2) > 0.08).mean())
    was = {"words": words(figure), "marks": marks(figure), "limits": limits(figure)}
    print(
        json.dumps({"name": name, "was": was, "is": again, "left_out": drawn.left_out, "ink": ink}),
        flush=True,
    )


if __name__ == "__main__":
    import os

    directory = Path(sys.argv[1])
    os.chdir(directory)
    extractor.install()
    only = sys.argv[4:]
    for name in only or CHARTS:
        look(directory, name, house.House.read(Path(sys.argv[2])))
