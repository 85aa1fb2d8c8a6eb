import pandas as pd

table = pd.DataFrame({"formula": ["__import__('os').getpid()"]})
print("formatted", table.to_string(formatters={"formula": lambda f: str(eval(f))}, header=False, index=False))
