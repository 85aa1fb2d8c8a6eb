from collections import namedtuple

Sale = namedtuple("Sale", "region price")
print("{s.region}: {s.price:.1f}".format(s=Sale("north", 4.25)))
