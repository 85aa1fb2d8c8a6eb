async def stream():
    yield 1

feed = stream()
look = getattr(feed, "ag_" + "frame")
print("ag", len(look.f_builtins))
