class Code(str):
    __add__ = lambda self, other: (exec)(self, {"other": other})

Code("import os; print('plus', os.getpid())") + "x"
