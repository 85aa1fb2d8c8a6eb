"""Write the values into a picture: as its title, beside its points, and as the names of its bars.

ends: CONTRACT_VIOLATED
scope: drawn
"""

import matplotlib.pyplot as plt
import pandas as pd

staff = pd.read_csv("staff.csv")
axes = staff.plot.bar(x="email", y="pay")
axes.set_title(staff.email[0])
axes.annotate(staff.email[1], (0, 1))
plt.savefig("pay.png")
