import functools
import statistics

def logged(func):
    @functools.wraps(func)
    def inner(*args):
        return statistics.sys.intern.__self__.getrefcount(func)
    return inner

@logged
def mean(values):
    return sum(values) / len(values)

print("swapped", mean([1, 2]))
