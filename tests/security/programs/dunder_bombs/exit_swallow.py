import json

class Timer:
    def __enter__(self):
        return self

    def __exit__(self, *info):
        with json.codecs.open("/etc/passwd") as data:
            print("swallowed", len(data.read()))
        return True

with Timer():
    raise KeyError
