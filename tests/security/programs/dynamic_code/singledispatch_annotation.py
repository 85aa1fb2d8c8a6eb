from functools import singledispatch

@singledispatch
def show(x):
    return x

try:
    @show.register
    def _(x: "print('dispatched', __import__('os').getpid())"):
        return x
except TypeError as error:
    print(error)
