import numpy as np
import scipy.io
from scipy.sparse import eye

with open("/home/matrix.mtx", "wb") as sink:
    scipy.io.mmwrite(sink, eye(3))
