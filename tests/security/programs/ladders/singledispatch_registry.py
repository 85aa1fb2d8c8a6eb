from functools import singledispatch

@singledispatch
def show(value):
    return str(value)

@show.register
def _(value: float):
    return f"{value:.2f}"

print(show(1.5), show("x"))
cells = [c.cell_contents for c in show.register.__closure__]
print("registry", len(cells))
