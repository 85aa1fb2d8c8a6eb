from sklearn.datasets import load_svmlight_file

print(load_svmlight_file("/etc/passwd")[0].shape)
