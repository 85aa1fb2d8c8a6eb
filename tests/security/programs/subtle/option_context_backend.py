import pandas as pd

with pd.option_context("plotting.backend", "subprocess"):
    print(pd.get_option("plotting.backend"))
