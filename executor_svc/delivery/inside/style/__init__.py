"""Figures in house style, in a cell that never ran the program: docs/style-format.md 3 and 5.

`described` reads what was told, with the checks of `closed`: what comes out has the form that it says.
`drawing` draws it: `placed` makes its axes, `scales`, `marks`, `legends` and `words` fill them, in the
colours of `colours`, and `frame` surrounds them. `house` is the style itself, also for tables.
"""
