from contextlib import contextmanager

@contextmanager
def section(title):
    print(title.upper())
    try:
        yield
    finally:
        print("-" * len(title))

with section("totals"):
    print(42)
