def up(n):
    return down(n + 1)

def down(n):
    return up(n - 1)

print(up(0))
