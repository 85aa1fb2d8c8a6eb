def mean(values: __import__("os").getpid()) -> float:
    return sum(values) / len(values)

print("annotated", mean.__annotations__["values"])
