"""Write the column under another name, in another case, and spread over the cells of a row.

ends: CONTRACT_VIOLATED
"""

import pandas as pd

staff = pd.read_csv("staff.csv")
staff.rename(columns={"email": "contact"}).assign(contact=staff.email.str.upper()).to_csv(
    "a.csv", index=False
)
staff.email.str.split("[.@]", expand=True).to_csv("b.csv", index=False)
