import io
import pandas as pd

text = "name,score\nAda,3\nBen,5\n"
print(pd.read_csv(io.StringIO(text)).score.mean())
