import pandas as pd

penguins = pd.read_csv("penguins.csv")
print(penguins.groupby("species")["body_mass_g"].mean().round(1).to_string())
