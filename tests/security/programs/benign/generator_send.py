def running():
    total, count, mean = 0, 0, None
    while True:
        value = yield mean
        total, count = total + value, count + 1
        mean = total / count

stream = running()
next(stream)
print([stream.send(v) for v in (2, 4, 9)])
