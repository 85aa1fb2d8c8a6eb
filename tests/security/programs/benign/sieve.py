limit = 100_000
sieve = bytearray([1]) * (limit + 1)
p = 2
while p * p <= limit:
    if sieve[p]:
        sieve[p * p :: p] = bytearray(len(range(p * p, limit + 1, p)))
    p += 1
print(sum(sieve) - 2)
