import pandas as pd

größe = pd.read_csv("sales.csv").quantity.sum()
print("Größe:", größe, "Stück – 東京, Ελλάδα, “quoted” 20 °C ±1 €")
