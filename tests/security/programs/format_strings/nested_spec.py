width = 6
print("{0:>{w}} {1.__class__.__mro__[1]}".format(2.5, 3, w=width))
