from scipy import sparse

sparse.save_npz("/usr/matrix.npz", sparse.eye(3, format="csr"))
