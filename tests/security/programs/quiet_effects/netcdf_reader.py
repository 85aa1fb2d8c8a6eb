from scipy.io import netcdf_file

print(netcdf_file("/etc/passwd").variables)
