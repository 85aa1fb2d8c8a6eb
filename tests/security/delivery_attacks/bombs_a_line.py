"""Leave a table of one endless line, and a text of one endless word.

ends: CONTRACT_VIOLATED
"""

print(open("staff.csv").read())
with open("line.csv", "w") as file:
    file.write("a," * 900_000)
with open("quoted.csv", "w") as file:
    file.write('"' + "x" * 900_000)
