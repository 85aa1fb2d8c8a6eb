from sklearn import datasets

fetch = getattr(datasets, "fetch_" + "20newsgroups")
print(len(fetch(subset="test", n_retries=1, delay=0.1).data))
