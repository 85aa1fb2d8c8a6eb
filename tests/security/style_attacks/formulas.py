"""Formulas that take as much room as they like.

leaves: a.png
"""

import matplotlib.pyplot as plt

import json
plt.plot([1, 2, 3])
plt.savefig("a.png")
lines = open(".placet-figures.jsonl").read().splitlines()
told = json.loads(lines[-1])
told["title"] = r"$\hspace{9000}x$"
told["axes"][0]["title"] = "$" + "{" * 120 + "x" + "}" * 120 + "$"
told["axes"][0]["x"]["label"] = r"$\frac{$"
told["axes"][0]["y"]["label"] = r"$\genfrac{}{}{900}{}{1}{2}$"
open(".placet-figures.jsonl", "a").write(json.dumps(told) + "\n")
