from itertools import accumulate

steps = accumulate(["0", "__import__('os').getpid()"], lambda _, text: eval(text))
print("accumulated", list(steps)[-1])
