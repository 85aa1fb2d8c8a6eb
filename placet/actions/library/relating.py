"""How columns go together. Every p value is two-sided."""

import numpy as np
import pandas as pd
from scipy import stats


def _correlation(x, y, method):
    """Coefficient and p value over the rows that have both; missing where there is none."""
    both = x.notna() & y.notna()
    x, y = x[both].astype("float64"), y[both].astype("float64")
    if len(x) < 3 or x.nunique() < 2 or y.nunique() < 2:
        return np.nan, np.nan
    if method == "pearson":
        found = stats.pearsonr(x, y)
    else:
        found = stats.spearmanr(x, y) if method == "spearman" else stats.kendalltau(x, y)
    return float(found.statistic), float(found.pvalue)


@action(gives=["measure:text", "coefficient:number", "p value:number", "rows:number", "@group_count"])
def correlate(
    table: Table,
    x: Column["number"],
    y: Column["number"],
    method: Literal["pearson", "spearman", "kendall"] = "pearson",
) -> Table:
    """One row: the correlation of two columns, the p value of no correlation, and how many rows have both.

    Requires: at least 3 rows that have both; neither column is constant in them.
    """
    _only_numbers(table, [x, y])
    rows = _present(table, list(dict.fromkeys([x, y])), 3)
    coefficient, p_value = _correlation(rows[x], rows[y], method)
    if np.isnan(coefficient):
        raise ActionFailed(f"columns {x!r} and {y!r} have no correlation: one of them is constant")
    made = {"measure": method, "coefficient": coefficient, "p value": p_value, "rows": len(rows)}
    return _whole(pd.DataFrame([made]), rows)


@action(gives="unknown")
def correlation_matrix(
    table: Table,
    columns: Columns["number", 2, 16],
    method: Literal["pearson", "spearman", "kendall"] = "pearson",
) -> Table:
    """The correlation of each column with each other: one row and one column for each.

    Requires: at least 3 rows that have all of the columns.
    Ensures: the names stand in the column `column`; only rows that have all of them count; a constant
    column has no correlation, not with itself either.
    """
    _kept_apart(*columns)
    if "column" in columns:
        raise ActionFailed("rename the column first: the result has a column of this name")
    rows = _present(table, _only_numbers(table, columns), 3)
    cells = [[_correlation(rows[x], rows[y], method)[0] for y in columns] for x in columns]
    made = pd.DataFrame(cells, columns=list(columns))
    made.insert(0, "column", list(columns))
    return _whole(made, rows)


def _with_constant(rows, columns):
    return np.column_stack([np.ones(len(rows)), *(rows[column].astype("float64") for column in columns)])


def _least_squares(rows, y, x):
    """Coefficients (the constant first), their standard errors, and the residuals."""
    design, target = _with_constant(rows, x), rows[y].to_numpy(dtype="float64")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ActionFailed(
            "one of the columns follows from the others, or is constant, so that no regression can be told"
        )
    coefficients = np.linalg.lstsq(design, target, rcond=None)[0]
    residuals = target - design @ coefficients
    spread = residuals @ residuals / (len(rows) - design.shape[1])
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * spread)
    return coefficients, errors, residuals


@action(
    gives=[
        "term:text",
        "coefficient:number",
        "std error:number",
        "t:number",
        "p value:number",
        "rows:number",
        "@group_count",
    ]
)
def regress(table: Table, y: Column["number"], x: Columns["number", 1, 8]) -> Table:
    """One row per term of a linear regression of y on x: coefficient, standard error, t and p value.

    Requires: more rows that have all of them than coefficients; no column follows from the others.
    Ensures: least squares, with a constant; the constant first, then x in the order given.
    """
    _different(y, *x)
    rows = _present(table, _only_numbers(table, [y, *x]), len(x) + 2)
    coefficients, errors, _ = _least_squares(rows, y, x)
    with np.errstate(all="ignore"):
        t = coefficients / errors
    p_values = 2 * stats.t.sf(np.abs(t), len(rows) - len(x) - 1)
    made = {
        "term": ["constant", *x],
        "coefficient": coefficients,
        "std error": errors,
        "t": t,
        "p value": p_values,
    }
    return _whole(pd.DataFrame(made).assign(rows=len(rows)), rows)


@action(gives=["r squared:number", "adjusted r squared:number", "rmse:number", "rows:number", "@group_count"])
def regression_fit(table: Table, y: Column["number"], x: Columns["number", 1, 8]) -> Table:
    """One row: how well a linear regression of y on x fits: R squared, R squared adjusted, error, rows.

    Requires: as regress; y is not constant.
    Ensures: rmse is the root of the mean squared error over all rows that have all of them.
    """
    _different(y, *x)
    rows = _present(table, _only_numbers(table, [y, *x]), len(x) + 2)
    residuals = _least_squares(rows, y, x)[2]
    apart = rows[y].astype("float64") - rows[y].mean()
    if not (apart**2).sum() > 0:
        raise ActionFailed(f"column {y!r} is constant")
    r_squared = 1 - (residuals**2).sum() / (apart**2).sum()
    adjusted = 1 - (1 - r_squared) * (len(rows) - 1) / (len(rows) - len(x) - 1)
    made = {
        "r squared": r_squared,
        "adjusted r squared": adjusted,
        "rmse": np.sqrt((residuals**2).mean()),
        "rows": len(rows),
    }
    return _whole(pd.DataFrame([made]), rows)


@action(gives=["same", "name:number"])
def predict(table: Table, y: Column["number"], x: Columns["number", 1, 8], name: Name) -> Table:
    """A new column: what a linear regression of y on x predicts for each row.

    Requires: as regress.
    Ensures: missing where one of x is missing.
    """
    _different(y, *x)
    rows = _present(table, _only_numbers(table, [y, *x]), len(x) + 2)
    coefficients = _least_squares(rows, y, x)[0]
    return _with(table, name, pd.Series(_with_constant(table, x) @ coefficients, index=table.index))


@action(
    gives=[
        "test rows:number",
        "rmse:number",
        "mae:number",
        "r squared:number",
        "accuracy:number",
        "@group_count",
    ]
)
def evaluate_regression(
    table: Table,
    y: Column["number"],
    x: Columns["number", 1, 8],
    test_share: Number[0.05, 0.5, "share of the rows"] = 0.2,
    seed: Integer[0, 1000000, "seed"] = 42,
) -> Table:
    """One row: how well a linear regression, made from a part of the rows, predicts the others.

    Requires: more rows in the first part than coefficients; at least two in the other.
    Ensures: rows are split as scikit-learn does with this seed; accuracy is the share of predictions
    that, rounded, are right.
    """
    _different(y, *x)
    rows = _present(table, _only_numbers(table, [y, *x]), len(x) + 4)
    order = np.random.RandomState(seed).permutation(len(rows))
    tested = int(np.ceil(len(rows) * test_share))
    test, train = rows.iloc[order[:tested]], rows.iloc[order[tested:]]
    if len(train) < len(x) + 2 or tested < 2:
        raise ActionFailed("too few rows to learn from one part and test with the other")
    predicted = _with_constant(test, x) @ _least_squares(train, y, x)[0]
    true = test[y].to_numpy(dtype="float64")
    wrong = true - predicted
    apart = ((true - true.mean()) ** 2).sum()
    made = {
        "test rows": tested,
        "rmse": np.sqrt((wrong**2).mean()),
        "mae": np.abs(wrong).mean(),
        "r squared": 1 - (wrong**2).sum() / apart if apart > 0 else np.nan,
        "accuracy": (np.round(predicted) == true).mean(),
    }
    return _whole(pd.DataFrame([made]), test)
