@exec
@(lambda f: "import os; print('decorated', os.getpid())")
def report():
    pass
