"""Make a file of a TiB that is all holes.

falls without: limit on file size
"""

with open("holes", "wb") as file:
    file.truncate(1 << 40)
print("GOT a TiB")
