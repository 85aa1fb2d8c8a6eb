from itertools import permutations

towns = {"a": (0, 0), "b": (1, 5), "c": (5, 2), "d": (6, 6), "e": (8, 3)}

def length(tour):
    return sum(((towns[p][0] - towns[q][0]) ** 2 + (towns[p][1] - towns[q][1]) ** 2) ** 0.5 for p, q in zip(tour, tour[1:]))

print(min(permutations(towns), key=length))
