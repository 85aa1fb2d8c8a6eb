"""Read how another process was started.

falls without: landlock, root
"""

print("GOT", open("/proc/@VICTIM@/cmdline").read())
