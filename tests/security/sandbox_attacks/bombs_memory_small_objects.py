"""Take 256 MiB as many small objects.

falls without: limit on data, control group, memory watch
ends: MEMORY_EXCEEDED
"""

taken = []
for number in range(2_200_000):
    taken.append(bytes(90))
print("GOT", len(taken), "objects")
