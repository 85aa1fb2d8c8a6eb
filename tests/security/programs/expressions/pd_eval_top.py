import pandas as pd

tools = [{"box": pd}]
print("eval", pd.eval("box.io.common.os", resolvers=tools, engine="python"))
