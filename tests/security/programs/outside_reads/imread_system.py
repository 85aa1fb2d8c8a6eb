import matplotlib.pyplot as plt

print(plt.imread("/etc/passwd").shape)
