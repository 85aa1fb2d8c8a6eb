print("=" * 60)
print("SALES".center(60))
print("-" * 60 + "\n" + " " * 4 + "tea")
