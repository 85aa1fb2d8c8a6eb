import statsmodels.api as sm

class Result:
    def __reduce__(self):
        return (round, (41.7,))

from statsmodels.iolib.smpickle import save_pickle
save_pickle(Result(), "fit.pkl")
print("sm", sm.load("fit.pkl"))
