import pandas as pd

class Cell:
    def __reduce__(self):
        return (sum, ([20, 22],))

frame = pd.DataFrame({"note": [Cell()]})
frame.to_pickle("step.pkl")
print("column", pd.read_pickle("step.pkl").note[0])
