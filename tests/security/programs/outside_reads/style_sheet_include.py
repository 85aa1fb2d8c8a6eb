import matplotlib.pyplot as plt

plt.style.use("/etc/passwd")
print(plt.rcParams["figure.figsize"])
