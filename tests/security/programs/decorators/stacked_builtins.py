@sorted
@dict
@lambda c: c.run.__globals__["__builtins__"].__dict__
class Helpers:
    def run(self):
        return 0

print(Helpers[:200])
