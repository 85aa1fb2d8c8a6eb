from functools import singledispatch

@singledispatch
def show(value):
    return str(value)

@show.register
def _(value: float) -> str:
    return f"{value:.2f}"

@show.register(list)
def _(value):
    return ", ".join(map(show, value))

print(show([1.5, 2, "x"]))
