import numpy as np
from matplotlib import pyplot

pyplot.imsave("/usr/heat.png", np.random.rand(4, 4))
