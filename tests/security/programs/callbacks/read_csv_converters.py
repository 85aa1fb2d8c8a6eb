import io
import pandas as pd

text = "name,value\na,__import__('os').getpid()\n"
table = pd.read_csv(io.StringIO(text), converters={"value": eval})
print("converted", table.value[0])
