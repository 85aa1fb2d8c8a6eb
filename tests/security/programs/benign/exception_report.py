values = ["3", "x", "4.5"]
for text in values:
    try:
        print(float(text))
    except ValueError as error:
        print("skipped:", type(error).__name__, error)
