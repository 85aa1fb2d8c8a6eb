import numpy as np
from scipy import interpolate, optimize, signal

x = np.linspace(0, 3, 7)
print(float(interpolate.interp1d(x, x ** 2)(1.5)), optimize.minimize_scalar(lambda v: (v - 2) ** 2).x.round(2))
print(signal.savgol_filter(x, 3, 1).round(1))
