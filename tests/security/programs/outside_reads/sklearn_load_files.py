from sklearn.datasets import load_files

bunch = load_files("/usr/lib/python3", load_content=False)
print("read", len(bunch.filenames), "documents")
