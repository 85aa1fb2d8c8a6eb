import contextlib

with contextlib.ExitStack() as stack:
    stack.callback(exec, "import os; print('stacked', os.getpid())")
