"""Read a file of the host by a path nearly as long as paths can be.

falls without: landlock, root
"""

print("GOT", open("/" + "./" * 1900 + "@SECRET@".lstrip("/")).read())
