"""Leave 10,000 files.

ends: DISK_EXCEEDED or CPU_EXCEEDED or TIMED_OUT or CONTRACT_VIOLATED or EXITED
"""

print(open("staff.csv").read())
for number in range(10_000):
    try:
        with open(f"{number}.csv", "w") as file:
            file.write("a\n1\n")
    except OSError:
        break
