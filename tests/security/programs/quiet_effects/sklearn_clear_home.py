import numpy as np
from sklearn.datasets import clear_data_home, get_data_home

home = get_data_home("results")
np.save("results/keep.npy", np.arange(3))
clear_data_home("results")
try:
    np.load("results/keep.npy")
except FileNotFoundError as error:
    print("left", error.errno - 2)
