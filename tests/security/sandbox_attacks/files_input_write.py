"""Change an input.

falls without: inputs of others
tiers: T1
as: root
"""

with open("given.csv", "r+") as file:
    file.write("x")
print("GOT", open("given.csv").read())
