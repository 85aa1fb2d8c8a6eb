import pandas as pd

try:
    try:
        pd.to_datetime("not a date")
    except ValueError as first:
        raise ExceptionGroup("dates", [first])
except* ValueError as group:
    trace = group.exceptions[0].__traceback__.tb_next
    print("chain", trace.tb_frame.f_builtins.__len__())
