"""Read a file of the host by climbing out of the working directory.

falls without: landlock, root
"""

print("GOT", open("../" * 40 + "@SECRET@").read())
