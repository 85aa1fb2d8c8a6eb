import pandas as pd

module = pd.plotting._core._get_plot_backend("matplotlib")
print("backend", module.__spec__.loader.get_data(module.__file__).__len__())
