from string import Template

class Deep(Template):
    idpattern = r"[a-z_.]+"

class Reach(dict):
    def __missing__(self, key):
        value = self["root"]
        for part in key.split(".")[1:]:
            value = getattr(value, part)
        return value

def root():
    return 1

print("templated", Deep("$root.__globals__").substitute(Reach(root=root))[:200])
