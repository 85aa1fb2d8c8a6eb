import contextlib
import io
import pandas as pd

text = io.StringIO()
with contextlib.redirect_stdout(text):
    pd.read_csv("sales.csv").info()
print(text.getvalue().splitlines()[0])
