async def mean(values):
    return sum(values) / len(values)

pending = mean([1, 2, 3])
inside = pending.cr_frame
print("cr", len(inside.f_builtins))
pending.close()
