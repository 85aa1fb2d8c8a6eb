from functools import cached_property

class Source:
    @cached_property
    def lines(self):
        return open("".join(("/e", "tc/pass", "wd"))).readlines()

print("cached", len(Source().lines))
