import pandas as pd

def rate(price):
    try:
        raise KeyError
    except KeyError as error:
        frame = error.__traceback__.tb_frame.f_back
        seen.append((frame.f_code.co_filename, len(frame.f_globals)))
    return price

seen = []
pd.read_csv("sales.csv").price.apply(rate)
print("caller", *seen[0])
