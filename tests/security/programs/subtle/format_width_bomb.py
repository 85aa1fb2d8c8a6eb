width = 3_000_000_000
print(len(f"{'x':>{width}}"))
