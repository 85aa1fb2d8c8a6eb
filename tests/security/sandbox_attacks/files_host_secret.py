"""Read a file of the host that everybody may read.

falls without: landlock, root
"""

print("GOT", open("@SECRET@").read())
