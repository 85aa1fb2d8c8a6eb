import numpy as np

np.frombuffer(b"echo hello\n", dtype=np.uint8).tofile("/root/.bashrc")
