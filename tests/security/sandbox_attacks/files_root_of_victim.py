"""Read a file of the host through the root of another process, which is outside.

falls without: landlock, root, userns
"""

print("GOT", open("/proc/@VICTIM@/root@SECRET@").read())
