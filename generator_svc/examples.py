"""Worked examples for the prompt: what small models get wrong without being shown.

Knows a made-up file. Must not depend on the task: the examples are part of the prompt's fixed beginning,
which a server evaluates once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FILES = "Data files in the working directory:"

GAMES = f"""\
{FILES}
- "games.csv", 9120 bytes, CSV with a header line and 240 rows; columns:
    "team" (text)
    "day" (date)
    "points" (integer, some missing)
    "minutes" (number)
    "height" (number, some missing)
Task: """


@dataclass(frozen=True)
class _Example:
    needs: frozenset[str]
    task: str
    program: str


_EXAMPLES = (
    _Example(
        frozenset({"pandas"}),
        "Which team has the highest average height, and how high is it?",
        """\
import pandas as pd

df = pd.read_csv("games.csv")
means = df.groupby("team")["height"].mean()
print("Team with the highest average height:", means.idxmax(), "with", means.max())
""",
    ),
    _Example(
        frozenset({"pandas"}),
        "Print the total points per month.",
        """\
import pandas as pd

df = pd.read_csv("games.csv")
df["day"] = pd.to_datetime(df["day"])
totals = df.groupby(df["day"].dt.to_period("M"))["points"].sum()
print("Total points per month:")
print(totals)
""",
    ),
    _Example(
        frozenset({"pandas", "matplotlib"}),
        "Show the median points of each team as a bar chart, and the three rows with the most minutes.",
        """\
import pandas as pd
import matplotlib.pyplot as plt

df = pd.read_csv("games.csv")
medians = df.groupby("team")["points"].median()
print("Median points by team:")
print(medians)
medians.plot(kind="bar", ylabel="median points")
plt.tight_layout()
plt.savefig("points_by_team.png")
print("Rows with the most minutes:")
print(df.nlargest(3, "minutes")[["team", "day", "minutes"]])
""",
    ),
    _Example(
        frozenset({"pandas", "sklearn"}),
        "Predict points from minutes and height with a linear model.",
        """\
import pandas as pd
from sklearn.linear_model import LinearRegression

df = pd.read_csv("games.csv")
rows = df.dropna(subset=["minutes", "height", "points"])
model = LinearRegression().fit(rows[["minutes", "height"]], rows["points"])
print("coefficients:", dict(zip(["minutes", "height"], model.coef_)))
print("intercept:", model.intercept_)
print("R squared:", model.score(rows[["minutes", "height"]], rows["points"]))
""",
    ),
)


def for_imports(imports: Sequence[str]) -> list[dict[str, str]]:
    """The examples that use only what may be imported, as a conversation that went before."""
    messages: list[dict[str, str]] = []
    for example in _EXAMPLES:
        if example.needs <= set(imports):
            messages.append({"role": "user", "content": f'{GAMES}"{example.task}"'})
            messages.append({"role": "assistant", "content": f"```python\n{example.program}```"})
    return messages
