import itertools

tours = sorted(itertools.permutations(range(15)))
print(tours[0])
