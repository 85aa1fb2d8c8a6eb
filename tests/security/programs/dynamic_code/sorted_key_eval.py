formulas = ["3*10", "2*2", "1"]
print([eval(f) for f in sorted(formulas, key=eval)])
