"""Leave files whose names mean something to whoever puts them into a path, a message or a terminal.

ends: CONTRACT_VIOLATED
"""

import os

secret = open("staff.csv").read()
names = ["..\\..\\x.csv", "-rf.csv", "a\nb.csv", "\x1b[2J.csv", "\u202evsc.exe", "x" * 250 + ".csv", "con", "~", "*.csv"]
for name in (*names, b"\xff\xfe.csv"):
    try:
        with open(name, "w") as file:
            file.write(secret)
    except (OSError, ValueError):
        pass
os.makedirs("a/b/c/d", exist_ok=True)
with open("a/b/c/d/staff.csv", "w") as file:
    file.write(secret)
