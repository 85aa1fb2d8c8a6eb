"""Read where everything lies in the own memory.

falls without: landlock, root
"""

print("GOT", open("/proc/self/maps").read()[:200])
