from scipy import stats

class Odd(stats.rv_continuous):
    def _pdf(self, x):
        seen.append(type(self).rvs.__globals__.__len__())
        return 1.0

seen = []
Odd(a=0, b=1, name="odd").pdf(0.5)
print("density", int(seen[0] > 0))
