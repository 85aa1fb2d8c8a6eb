from collections import Counter

under = "".join(Counter({"_": 2}).elements())
kind = getattr((), under + "class" + under)
print("counted", len(getattr(getattr(kind, under + "base" + under), under + "subclasses" + under)()))
