import statistics

lookup = statistics.__dict__.get
print("got", len(lookup("sys").modules))
