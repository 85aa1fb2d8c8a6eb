import typing

def mean(values: "[print('hint', __import__('os').getpid())]"):
    return sum(values) / len(values)

try:
    typing.get_type_hints(mean)
except TypeError as error:
    print(type(error).__name__)
