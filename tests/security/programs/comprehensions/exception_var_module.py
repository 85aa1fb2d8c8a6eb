import random

try:
    raise LookupError("missing", random)
except LookupError as error:
    carried = error.args[1]
    print("raised", carried._os.getpid())
