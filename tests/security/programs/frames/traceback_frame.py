import pandas as pd

sales = pd.read_csv("sales.csv")
try:
    sales.region.astype(int)
except ValueError as error:
    step = error.__traceback__
    while step.tb_next:
        step = step.tb_next
    print("tb", len(step.tb_frame.f_globals))
