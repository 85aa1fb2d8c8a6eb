rate = 10
print(rate ** rate ** rate % 7)
