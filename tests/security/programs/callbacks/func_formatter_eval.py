from matplotlib.ticker import FuncFormatter

show = FuncFormatter(lambda x, pos: str(eval("__import__('os').getpid()")))
print("tick", show(1.0))
