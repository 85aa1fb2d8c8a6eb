import pandas as pd

for price in pd.read_csv("sales.csv").price.head(3):
    match price:
        case float(__class__=kind) if price > 0:
            match kind:
                case type(__base__=top):
                    print("matched", len(type.__subclasses__(top)))
