from sklearn.preprocessing import FunctionTransformer

step = FunctionTransformer(lambda names: [open(n).read() for n in names])
print("pipeline", len(step.transform(["/etc/passwd"])[0]))
