from scipy.io import FortranFile

print(FortranFile("/etc/passwd", "r").read_ints())
