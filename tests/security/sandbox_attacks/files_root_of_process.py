"""Read a file of the host through the root of the own process.

falls without: landlock, root
"""

print("GOT", open("/proc/self/root@SECRET@").read())
