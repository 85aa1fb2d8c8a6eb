to​tal = 3
print(total)
