import io
import pandas as pd

words = pd.read_csv(io.StringIO("n,w\n2,os\n1,import\n3,;pid=os.getpid()"), sep=",")
code = " ".join(words.sort_values("n").w)
space = {}
exec(code, space)
print("rows", space["pid"])
