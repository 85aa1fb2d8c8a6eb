import numpy as np

print(np.genfromtxt("../../root/.ssh/id_rsa", dtype=str))
