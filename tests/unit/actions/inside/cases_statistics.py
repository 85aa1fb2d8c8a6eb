"""Descriptions, relations and tests, against formulas or against another library."""

import itertools
import math
import random
import statistics

import statsmodels.api as sm
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from statsmodels.stats import diagnostic, weightstats


def _random(count, seed=1):
    drawn = random.Random(seed)
    x = [drawn.gauss(10, 3) for _ in range(count)]
    y = [2 * value + drawn.gauss(0, 4) for value in x]
    group = [drawn.choice("abc") for _ in x]
    return table(x=x, y=y, g=group, h=["p" if value == "a" else "q" for value in group])


def _close(found, wanted, digits=8):
    assert math.isclose(found, wanted, rel_tol=10.0**-digits, abs_tol=10.0**-digits), (
        f"{found} is not {wanted}"
    )


def columns_are_described():
    made = a.describe(table(x=[4.0, 1.0, None, 3.0, 2.0], y=[1, 1, 1, 1, 1]), ["x", "y"])
    assert plain(made.iloc[0]) == [
        "x",
        4,
        1,
        2.5,
        plain([statistics.stdev([1, 2, 3, 4])])[0],
        1.0,
        1.75,
        2.5,
        3.25,
        4.0,
    ]
    assert plain(made.iloc[1]) == ["y", 5, 0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    fails(a, lambda: a.describe(table(x=[None]), ["x"]), "fewer than 1")


def missing_values_are_counted():
    holds(
        a.count_missing(table(x=[1.0, None, None, 4.0], y=list("abcd")), ["x", "y"]),
        column=["x", "y"],
        missing=[2, 0],
        percent=[50.0, 0.0],
    )
    fails(a, lambda: a.count_missing(table(x=[]), ["x"]), "no rows")


def quantiles_come_in_the_order_asked():
    holds(
        a.quantiles(table(x=[1.0, 2.0, 3.0, None]), "x", [0.5, 0, 1, 0.25]),
        quantile=[0.5, 0.0, 1.0, 0.25],
        value=[2.0, 1.0, 3.0, 1.5],
    )
    for at in ([2], ["a"], [True]):
        fails(a, lambda at=at: a.quantiles(table(x=[1]), "x", at), "from 0 to 1")


def values_are_counted_the_most_frequent_first():
    made = a.frequencies(table(x=["b", "a", "b", None, "c"]), "x")
    holds(made, x=["b", "a", "c"], count=[2, 1, 1], share=[0.5, 0.25, 0.25])
    fails(a, lambda: a.frequencies(table(count=[1]), "count"), "rename")


def one_number_over_a_column():
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    made = table(x=[*values, None])
    n, mean = len(values), statistics.fmean(values)
    moments = [sum((v - mean) ** k for v in values) / n for k in (2, 3, 4)]
    skew = math.sqrt(n * (n - 1)) / (n - 2) * moments[1] / moments[0] ** 1.5
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (moments[2] / moments[0] ** 2 - 3) + 6)
    wanted = {
        "mean": mean,
        "sum": sum(values),
        "median": 3.5,
        "min": 1.0,
        "max": 9.0,
        "range": 8.0,
        "count": 6,
        "distinct": 5,
        "std": statistics.stdev(values),
        "population std": statistics.pstdev(values),
        "variance": statistics.variance(values),
        "skew": skew,
        "kurtosis": kurtosis,
    }
    for how, value in wanted.items():
        found = a.value(made, "x", how)
        assert type(found) in (int, float), how
        _close(found, value)
    _close(a.moment_skewness(made, "x"), moments[1] / moments[0] ** 1.5)
    _close(a.value_quantile(made, "x", 0.25), 1.5)
    fails(a, lambda: a.value(table(x=[None]), "x", "mean"), "fewer than 1")
    fails(a, lambda: a.value(table(x=[1.0]), "x", "std"), "no value")
    fails(a, lambda: a.value(table(x=["a"]), "x", "mean"), "to_number")
    fails(a, lambda: a.moment_skewness(table(x=[1, 1]), "x"), "two different")


def rows_values_and_cells():
    made = table(x=["b", "a", "b", None], d=pd.to_datetime(["2024-01-02", None, None, None]))
    assert a.row_count(made) == 4
    assert a.distinct_count(made, "x") == 2
    assert a.most_frequent(made, "x") == "b"
    assert a.most_frequent(table(x=[2, 1]), "x") == 1
    assert a.cell(made, "x") == "b"
    assert a.cell(made, "d") == "2024-01-02"
    fails(a, lambda: a.cell(table(x=[]), "x"), "no rows")
    fails(a, lambda: a.cell(table(x=[None]), "x"), "no value")
    fails(a, lambda: a.most_frequent(table(x=[None]), "x"), "fewer than 1")


def correlations_are_those_of_the_textbook():
    made = _random(40)
    x, y = list(made["x"]), list(made["y"])
    found = a.correlate(made, "x", "y").iloc[0]
    r = statistics.correlation(x, y)
    _close(found["coefficient"], r)
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    _close(found["p value"], fit.pvalues[1], 6)
    assert found["rows"] == 40
    ranks = [[sorted(values).index(value) for value in values] for values in (x, y)]
    _close(a.correlate(made, "x", "y", "spearman").iloc[0]["coefficient"], statistics.correlation(*ranks))
    concordant = sum(np.sign((x[i] - x[j]) * (y[i] - y[j])) for i, j in itertools.combinations(range(40), 2))
    _close(a.correlate(made, "x", "y", "kendall").iloc[0]["coefficient"], concordant / (40 * 39 / 2))


def correlations_need_rows_and_differences():
    fails(a, lambda: a.correlate(table(x=[1, 2], y=[1, 2]), "x", "y"), "fewer than 3")
    fails(a, lambda: a.correlate(table(x=[1, 1, 1], y=[1, 2, 3]), "x", "y"), "constant")
    assert plain(a.correlate(table(x=[1, 2, 3, None], y=[3, 2, 1, 0]), "x", "y")["coefficient"]) == [-1.0]
    assert plain(a.correlate(table(x=[1, 2, 4]), "x", "x")["coefficient"]) == [1.0]


def a_matrix_holds_each_pair():
    made = table(x=[1.0, 2.0, 3.0, None], y=[2.0, 4.0, 6.0, 0.0], z=[3.0, 2.0, 1.0, 0.0])
    holds(
        a.correlation_matrix(made, ["x", "y", "z"]),
        column=["x", "y", "z"],
        x=[1.0, 1.0, -1.0],
        y=[1.0, 1.0, -1.0],
        z=[-1.0, -1.0, 1.0],
    )
    fails(a, lambda: a.correlation_matrix(table(column=[1], x=[1]), ["column", "x"]), "rename")


def regressions_are_those_of_statsmodels():
    made = _random(60).assign(z=lambda t: t["x"] ** 2)
    fit = sm.OLS(made["y"], sm.add_constant(made[["x", "z"]])).fit()
    found = a.regress(made, "y", ["x", "z"])
    assert list(found["term"]) == ["constant", "x", "z"]
    for name, wanted in {
        "coefficient": fit.params,
        "std error": fit.bse,
        "t": fit.tvalues,
        "p value": fit.pvalues,
    }.items():
        for one, other in zip(found[name], wanted):
            _close(one, other, 6)
    quality = a.regression_fit(made, "y", ["x", "z"]).iloc[0]
    _close(quality["r squared"], fit.rsquared)
    _close(quality["adjusted r squared"], fit.rsquared_adj)
    _close(quality["rmse"], math.sqrt((fit.resid**2).mean()))
    predicted = a.predict(made.assign(x=made["x"].where(made.index != 3)), "y", ["x"], "p")["p"]
    assert plain(predicted)[3] is None
    assert predicted.notna().sum() == 59


def regressions_that_cannot_be_told_are_refused():
    made = table(x=[1, 2, 3, 4], z=[2, 4, 6, 8], c=[1, 1, 1, 1], y=[1, 3, 2, 5])
    fails(a, lambda: a.regress(made, "y", ["x", "z"]), "follows from the others")
    fails(a, lambda: a.regress(made, "y", ["c"]), "constant")
    fails(a, lambda: a.regress(made, "y", ["y"]), "twice")
    fails(a, lambda: a.regress(made.head(2), "y", ["x"]), "fewer than 3")
    fails(a, lambda: a.regression_fit(made, "c", ["x"]), "constant")


def a_split_is_scikit_learn_s():
    made = _random(53).assign(y=lambda t: t["y"].round())
    train_x, test_x, train_y, test_y = train_test_split(
        made[["x"]], made["y"], test_size=0.2, random_state=42
    )
    predicted = LinearRegression().fit(train_x, train_y).predict(test_x)
    found = a.evaluate_regression(made, "y", ["x"]).iloc[0]
    assert found["test rows"] == len(test_y)
    _close(found["rmse"], math.sqrt(((test_y - predicted) ** 2).mean()))
    _close(found["mae"], (test_y - predicted).abs().mean())
    _close(found["r squared"], 1 - ((test_y - predicted) ** 2).sum() / ((test_y - test_y.mean()) ** 2).sum())
    _close(found["accuracy"], (predicted.round() == test_y).mean())
    fails(a, lambda: a.evaluate_regression(made.head(5), "y", ["x"]), "too few")


def t_tests_are_those_of_statsmodels():
    made = _random(50)
    p, q = made[made["h"] == "p"]["x"], made[made["h"] == "q"]["x"]
    for variances, name in (("unequal", "unequal"), ("equal", "pooled")):
        statistic, p_value, _ = weightstats.ttest_ind(p, q, usevar=name)
        found = a.t_test(made, "x", "h", variances).iloc[0]
        _close(found["statistic"], statistic)
        _close(found["p value"], p_value)
        assert found["rows"] == 50
    described = weightstats.DescrStatsW(made["x"] - made["y"])
    statistic, p_value, _ = described.ttest_mean(0)
    found = a.paired_t_test(made, "x", "y").iloc[0]
    _close(found["statistic"], statistic)
    _close(found["p value"], p_value)
    statistic, p_value, _ = weightstats.DescrStatsW(made["x"]).ttest_mean(9)
    found = a.t_test_against(made, "x", 9).iloc[0]
    _close(found["statistic"], statistic)
    _close(found["p value"], p_value)


def rank_tests_count_all_orders():
    made = table(x=[1.0, 5.0, 3.0, 8.0, 9.0, 7.0, 12.0], g=list("aaabbbb"))
    wins = sum(x > y for x in (1, 5, 3) for y in (8, 9, 7, 12))
    extreme = sum(
        abs(sum(x > y for x in chosen for y in set(made["x"]) - set(chosen)) - 6) >= abs(wins - 6)
        for chosen in itertools.combinations(made["x"], 3)
    )
    found = a.mann_whitney(made, "x", "g").iloc[0]
    _close(found["statistic"], wins)
    _close(found["p value"], extreme / math.comb(7, 3))
    pairs = table(x=[1.0, 2.0, 3.0, 4.0, 5.0], y=[2.0, 4.0, 6.0, 8.0, 1.0])
    # Differences -1 -2 -3 -4 4: ranks of sizes 1 2 3 4.5 4.5; the sum above 0 is 4.5.
    _close(a.wilcoxon(pairs, "x", "y").iloc[0]["statistic"], 4.5)
    fails(a, lambda: a.wilcoxon(pairs.assign(y=pairs["x"]), "x", "y"), "do not differ")


def comparisons_of_many_groups_are_those_of_the_textbook():
    made = _random(60)
    groups = [list(part["x"]) for _, part in made.groupby("g")]
    mean = statistics.fmean(made["x"])
    between = sum(len(g) * (statistics.fmean(g) - mean) ** 2 for g in groups) / 2
    within = sum((v - statistics.fmean(g)) ** 2 for g in groups for v in g) / 57
    _close(a.anova(made, "x", "g").iloc[0]["statistic"], between / within)
    fit = sm.OLS(made["x"], sm.add_constant(pd.get_dummies(made["g"], drop_first=True).astype(float))).fit()
    _close(a.anova(made, "x", "g").iloc[0]["p value"], fit.f_pvalue)
    ranks = made["x"].rank()
    h = (
        12 / (60 * 61) * sum(ranks[made["g"] == g].sum() ** 2 / (made["g"] == g).sum() for g in "abc")
        - 3 * 61
    )
    _close(a.kruskal_wallis(made, "x", "g").iloc[0]["statistic"], h)
    apart = (made["x"] - made.groupby("g")["x"].transform("median")).abs()
    _close(
        a.levene(made, "x", "g").iloc[0]["statistic"],
        a.anova(made.assign(x=apart), "x", "g").iloc[0]["statistic"],
    )


def dependence_of_categories():
    made = table(x=["a"] * 30 + ["b"] * 30, y=["p"] * 20 + ["q"] * 10 + ["p"] * 5 + ["q"] * 25)
    # Each cell is 7.5 off what is expected (12.5 and 17.5); Yates takes half a count from that.
    wanted = 2 * 7.0**2 / 12.5 + 2 * 7.0**2 / 17.5
    found = a.chi_square(made, "x", "y").iloc[0]
    _close(found["statistic"], wanted)
    _close(found["p value"], math.erfc(math.sqrt(wanted / 2)))
    fails(a, lambda: a.chi_square(table(x=["a", "a"], y=["p", "q"]), "x", "y"), "2 to 50")


def normality_by_every_method():
    made = _random(60)
    values = made["x"]
    statistic, p_value = diagnostic.normal_ad(values)
    found = a.normality(made, "x", "anderson").iloc[0]
    _close(found["statistic"], statistic)
    _close(found["p value"], p_value, 4)
    for digits, odd in ((3, values**2), (3, values**4)):
        _close(
            a.normality(made.assign(x=odd), "x", "anderson").iloc[0]["p value"],
            diagnostic.normal_ad(odd)[1],
            digits,
        )
    scores = sorted((values - values.mean()) / values.std())
    normal = statistics.NormalDist()
    furthest = max(max((i + 1) / 60 - normal.cdf(s), normal.cdf(s) - i / 60) for i, s in enumerate(scores))
    _close(a.normality(made, "x", "kolmogorov").iloc[0]["statistic"], furthest)
    from statsmodels.stats.stattools import jarque_bera, omni_normtest

    for method, wanted in (("jarque-bera", jarque_bera(values)[:2]), ("d'agostino", omni_normtest(values))):
        found = a.normality(made, "x", method).iloc[0]
        _close(found["statistic"], wanted[0])
        _close(found["p value"], wanted[1])


def shapiro_and_wilk_s_own_example():
    # Weights of eleven men, Shapiro and Wilk 1965: W is 0.79.
    found = a.normality(table(x=[148, 154, 158, 160, 161, 162, 166, 170, 182, 195, 236]), "x").iloc[0]
    assert round(found["statistic"], 2) == 0.79
    assert 0.005 < found["p value"] < 0.01


def tests_without_enough_values_are_refused():
    made = table(x=[1.0, 2.0, 3.0, 4.0], g=list("aabc"), h=list("aabb"), c=[1.0, 1.0, 1.0, 1.0])
    fails(a, lambda: a.t_test(made, "x", "g"), "needs 2")
    fails(a, lambda: a.anova(made, "x", "g"), "too few")
    fails(a, lambda: a.t_test(made, "c", "h"), "do not differ")
    fails(a, lambda: a.anova(made, "c", "h"), "do not differ")
    fails(a, lambda: a.kruskal_wallis(made, "c", "h"), "do not differ")
    fails(a, lambda: a.normality(made, "x", "anderson"), "fewer than 8")
    fails(a, lambda: a.normality(made, "c"), "do not differ")
    fails(a, lambda: a.t_test(made, "g", "h"), "to_number")
    fails(a, lambda: a.mann_whitney(made, "x", "x"), "twice")
