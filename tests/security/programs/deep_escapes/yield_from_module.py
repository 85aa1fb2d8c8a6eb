import json, random

def libraries():
    yield json
    yield from [random]

*_, last = libraries()
print("yielded", last._os.getpid())
