from scipy import LowLevelCallable
import numpy as np

function = np.ctypeslib.ctypes.CDLL(None).labs
function.argtypes, function.restype = [np.ctypeslib.ctypes.c_long], np.ctypeslib.ctypes.c_long
print("callable", type(LowLevelCallable(function, signature="long (long)")).__name__)
