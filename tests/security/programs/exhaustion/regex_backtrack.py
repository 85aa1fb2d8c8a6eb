import re

print(re.fullmatch(r"(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60))
