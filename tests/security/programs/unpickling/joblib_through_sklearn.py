import io
from sklearn.utils import parallel

class Model:
    def __reduce__(self):
        return (abs, (-42,))

store = io.BytesIO()
parallel.joblib.dump(Model(), store)
store.seek(0)
print("joblib", parallel.joblib.load(store))
