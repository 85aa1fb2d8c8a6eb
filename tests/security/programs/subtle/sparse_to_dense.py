from scipy.sparse import eye

print(eye(300_000).toarray().sum())
