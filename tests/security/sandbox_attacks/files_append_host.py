"""Append to a file of the host that everybody may write to.

falls without: landlock, root
"""

with open("@OPEN@/ours", "a") as file:
    file.write(" but changed")
print("GOT", open("@OPEN@/ours").read())
