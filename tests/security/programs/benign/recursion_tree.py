def flat(item):
    if isinstance(item, list):
        return [leaf for part in item for leaf in flat(part)]
    return [item]

print(flat([1, [2, [3, 4]], 5]))
