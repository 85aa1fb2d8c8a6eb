import contextlib
import random

with contextlib.nullcontext(random) as resource:
    print("with", resource._os.getpid())
