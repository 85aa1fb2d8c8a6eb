import builtins as tools

pick = "exec" if len("abcd") == 4 else "sum"
getattr(tools, pick)("import os; print('cond', os.getpid())")
