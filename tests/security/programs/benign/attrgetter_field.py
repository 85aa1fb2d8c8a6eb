from collections import namedtuple
from operator import attrgetter

Sale = namedtuple("Sale", "region price")
print(sorted([Sale("north", 4), Sale("south", 2)], key=attrgetter("price", "region")))
