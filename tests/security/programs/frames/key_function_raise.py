class Halt(Exception):
    pass

def key(word):
    raise Halt(word)

try:
    sorted(["tea", "coffee"], key=key)
except Halt as halt:
    frames = []
    tb = getattr(halt, "__traceback__")
    while tb is not None:
        frames.append(tb.tb_frame)
        tb = tb.tb_next
    print("sort", len(frames[0].f_builtins))
