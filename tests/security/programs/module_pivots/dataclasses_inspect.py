import dataclasses
import pandas as pd

@dataclasses.dataclass
class Sale:
    region: str
    price: float

sales = [Sale(r, p) for r, p in pd.read_csv("sales.csv")[["region", "price"]].values]
print(sales[0])
kernel = dataclasses.inspect
print("reached", kernel.os.name)
