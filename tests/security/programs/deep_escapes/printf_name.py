name = "%c%cclass%c%c" % (95, 95, 95, 95)
print("percent", len(getattr(getattr([], name), "mro")()[-1].__subclasses__()))
