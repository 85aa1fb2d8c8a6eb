import functools

def counted(func):
    @functools.wraps(func)
    def inner(*args, **kwargs):
        inner.calls += 1
        return func(*args, **kwargs)
    inner.calls = 0
    return inner

@counted
def area(radius):
    return 3.14159 * radius ** 2

print(area(1), area(2), area.calls)
