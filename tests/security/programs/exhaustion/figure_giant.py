import matplotlib.pyplot as plt

plt.figure(figsize=(300, 300), dpi=2000).savefig("poster.png")
