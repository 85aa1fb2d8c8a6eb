import math

math.__dict__["pi"] = 4
print("pi", math.pi)
