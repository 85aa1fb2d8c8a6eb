"""Leave a file where everybody may write.

falls without: landlock
tiers: T0, T1
again: yes
"""

path = "@OPEN@/left"
try:
    open(path).close()
    print("GOT what the last run left")
except FileNotFoundError:
    open(path, "w").close()
