"""Leave what a reader of tables chokes on, beside values that are plain to see.

ends: CONTRACT_VIOLATED
"""

secret = open("staff.csv").read()
open("deep.json", "w").write("[" * 100_000 + "]" * 100_000)
open("wide.csv", "w").write(",".join("a" * 9 for _ in range(50_000)) + "\n1\n")
open("quote.csv", "w").write('a,b\n"' + secret)
print("eyJ" * 2_000)
