"""Read another process's environment.

falls without: landlock, root, userns
"""

print("GOT", open("/proc/@VICTIM@/environ").read())
