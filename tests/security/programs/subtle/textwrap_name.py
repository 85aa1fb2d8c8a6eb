import statistics

word = "analysys"
print("wrapped", len(getattr(statistics, word[-3:]).modules))
