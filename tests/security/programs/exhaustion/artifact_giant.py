with open("grid.csv", "w") as out:
    for row in range(10 ** 8):
        out.write("0," * 1000 + "\n")
