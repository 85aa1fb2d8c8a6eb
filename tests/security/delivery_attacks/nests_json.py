"""Leave JSON that is nested too deeply for whoever reads it, and one with a very long number.

ends: CONTRACT_VIOLATED
"""

print(open("staff.csv").read())
with open("result.json", "w") as file:
    file.write("[" * 500_000 + "]" * 500_000)
with open("number.json", "w") as file:
    file.write("9" * 1_000_000)
