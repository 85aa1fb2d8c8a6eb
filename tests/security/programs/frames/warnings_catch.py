import warnings

with warnings.catch_warnings(record=True) as log:
    warnings.simplefilter("always")
    warnings.warn("check")
print(len(log))
keeper = warnings.catch_warnings()
print("caught", len(keeper._module.sys._getframe().f_builtins))
