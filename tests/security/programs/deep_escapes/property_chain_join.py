import pandas as pd

step = pd
for part in f"{'io'}.{'common'}.{'os'}".split("."):
    step = getattr(step, part)
print("chain", step.getpid())
