"""Statistical tests. Each gives one row: name, statistic, p value (two-sided), how many rows count."""

import numpy as np
import pandas as pd
from scipy import stats


def _tested(test, found, rows):
    """The row that every test gives."""
    statistic, p_value = (float(one) for one in tuple(found)[:2])
    if np.isnan(statistic) or np.isnan(p_value):
        raise ActionFailed("the test has no result: the values do not differ")
    made = {"test": test, "statistic": statistic, "p value": p_value, "rows": len(rows)}
    return _whole(pd.DataFrame([made]), rows)


def _samples(table, column, by, least, most):
    """The column's values in each group of `by`, in order of the groups, and the rows that they come from."""
    _different(column, by)
    rows = _present(table, [column, by], 2)
    values = _numbers(rows, column).astype("float64")
    samples = [group for _, group in values.groupby(rows[by], sort=True, observed=True)]
    if not least <= len(samples) <= most:
        raise ActionFailed(
            f"column {by!r} has {len(samples)} groups with values; the test needs "
            + (f"{least}" if least == most else f"{least} to {most}")
        )
    if min(len(sample) for sample in samples) < max(2, MIN_GROUP):
        raise ActionFailed(f"a group of column {by!r} has too few values")
    return samples, rows


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def t_test(
    table: Table, column: Column["number"], by: Column, variances: Literal["unequal", "equal"] = "unequal"
) -> Table:
    """Whether a column's mean differs between two groups: Welch's or, with equal variances, Student's t test.

    Requires: `by` has exactly two values, each with at least two rows that have a number.
    Ensures: the statistic is above 0 if the mean of the first group, in order, is larger.
    """
    (first, second), rows = _samples(table, column, by, 2, 2)
    with np.errstate(all="ignore"):
        found = stats.ttest_ind(first, second, equal_var=variances == "equal")
    return _tested("Student's t" if variances == "equal" else "Welch's t", found, rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def paired_t_test(table: Table, first: Column["number"], second: Column["number"]) -> Table:
    """Whether the means of two columns differ that were measured on the same rows.

    Requires: at least two rows that have both.
    """
    _different(first, second)
    rows = _present(table, _only_numbers(table, [first, second]), 2)
    with np.errstate(all="ignore"):
        found = stats.ttest_rel(rows[first].astype("float64"), rows[second].astype("float64"))
    return _tested("paired t", found, rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def t_test_against(
    table: Table, column: Column["number"], mean: Number[-1e15, 1e15, "of the column"]
) -> Table:
    """Whether a column's mean differs from a given one.

    Requires: at least two values.
    """
    rows = _present(table, _only_numbers(table, [column]), 2)
    with np.errstate(all="ignore"):
        found = stats.ttest_1samp(rows[column].astype("float64"), mean)
    return _tested("one-sample t", found, rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def mann_whitney(table: Table, column: Column["number"], by: Column) -> Table:
    """Whether a column's values tend to be larger in one of two groups, whatever their distribution.

    Requires: `by` has exactly two values, each with at least two rows that have a number.
    """
    (first, second), rows = _samples(table, column, by, 2, 2)
    return _tested("Mann-Whitney U", stats.mannwhitneyu(first, second, alternative="two-sided"), rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def wilcoxon(table: Table, first: Column["number"], second: Column["number"]) -> Table:
    """Whether two columns measured on the same rows differ, whatever their distribution (signed ranks).

    Requires: at least two rows that have both; they are not all equal.
    """
    _different(first, second)
    rows = _present(table, _only_numbers(table, [first, second]), 2)
    apart = rows[first].astype("float64") - rows[second].astype("float64")
    if not (apart != 0).any():
        raise ActionFailed("the test has no result: the values do not differ")
    return _tested("Wilcoxon signed rank", stats.wilcoxon(apart), rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def anova(table: Table, column: Column["number"], by: Column) -> Table:
    """Whether a column's mean differs between two or more groups (one-way analysis of variance).

    Requires: 2 to 50 groups, each with at least two rows that have a number.
    """
    samples, rows = _samples(table, column, by, 2, 50)
    if all(sample.nunique() < 2 for sample in samples):
        raise ActionFailed("the test has no result: the values do not differ within the groups")
    return _tested("one-way ANOVA", stats.f_oneway(*samples), rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def kruskal_wallis(table: Table, column: Column["number"], by: Column) -> Table:
    """Whether a column's values tend to differ between two or more groups, whatever their distribution.

    Requires: 2 to 50 groups, each with at least two rows that have a number; not all values are equal.
    """
    samples, rows = _samples(table, column, by, 2, 50)
    if rows[column].nunique() < 2:
        raise ActionFailed("the test has no result: the values do not differ")
    return _tested("Kruskal-Wallis", stats.kruskal(*samples), rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def levene(table: Table, column: Column["number"], by: Column) -> Table:
    """Whether a column's variance differs between two or more groups (Levene's test, around the medians).

    Requires: 2 to 50 groups, each with at least two rows that have a number.
    """
    samples, rows = _samples(table, column, by, 2, 50)
    with np.errstate(all="ignore"):
        found = stats.levene(*samples)
    return _tested("Levene", found, rows)


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def chi_square(table: Table, first: Column, second: Column) -> Table:
    """Whether two columns of categories depend on each other (with Yates' correction for two by two).

    Requires: 2 to 50 different values in each, in rows that have both.
    """
    _different(first, second)
    rows = _present(table, [first, second], 2)
    for column in (first, second):
        if not 2 <= rows[column].nunique() <= 50:
            raise ActionFailed(f"column {column!r} does not have 2 to 50 different values")
    return _tested(
        "chi-square", stats.chi2_contingency(pd.crosstab(rows[first], rows[second]).to_numpy()), rows
    )


@action(gives=["test:text", "statistic:number", "p value:number", "rows:number", "@group_count"])
def normality(
    table: Table,
    column: Column["number"],
    method: Literal["shapiro", "d'agostino", "kolmogorov", "anderson", "jarque-bera"] = "shapiro",
) -> Table:
    """Whether a column's values come from a normal distribution; a small p value says that they do not.

    Requires: at least 8 values (3 for shapiro) that are not all equal.
    Ensures: kolmogorov takes mean and standard deviation from the values; the p value of anderson is
    Stephens' approximation.
    """
    rows = _present(table, _only_numbers(table, [column]), 3 if method == "shapiro" else 8)
    values = rows[column].astype("float64")
    if values.nunique() < 2:
        raise ActionFailed("the test has no result: the values do not differ")
    return _tested(method, _normal(values, method), rows)


def _normal(values, method):
    if method == "shapiro":
        return stats.shapiro(values)
    if method == "d'agostino":
        return stats.normaltest(values)
    if method == "kolmogorov":
        return stats.kstest((values - values.mean()) / values.std(ddof=1), "norm")
    return stats.jarque_bera(values) if method == "jarque-bera" else _anderson(values)


def _anderson(values):
    """Anderson and Darling's statistic with mean and variance from the values, and its p value.

    Source of the p value: D'Agostino and Stephens, Goodness-of-Fit Techniques, 1986, table 4.9.
    """
    scores = np.sort((values - values.mean()) / values.std(ddof=1))
    below, above = stats.norm.logcdf(scores), stats.norm.logsf(scores[::-1])
    count = len(scores)
    statistic = -count - ((2 * np.arange(1, count + 1) - 1) * (below + above)).sum() / count
    corrected = statistic * (1 + 0.75 / count + 2.25 / count**2)
    return statistic, _anderson_p_value(corrected)


def _anderson_p_value(a):
    if a < 0.2:
        return 1 - np.exp(-13.436 + 101.14 * a - 223.73 * a**2)
    if a < 0.34:
        return 1 - np.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    return (
        np.exp(0.9177 - 4.279 * a - 1.38 * a**2)
        if a < 0.6
        else np.exp(1.2937 - 5.709 * min(a, 13) + 0.0186 * min(a, 13) ** 2)
    )
