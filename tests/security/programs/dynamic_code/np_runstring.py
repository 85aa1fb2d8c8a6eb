import numpy as np

space = {}
np.testing.runstring("import os\nprint('testing', os.getpid())", space)
