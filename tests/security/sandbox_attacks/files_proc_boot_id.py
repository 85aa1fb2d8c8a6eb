"""Learn which machine this is.

falls without: landlock, root
"""

print("GOT", open("/proc/sys/kernel/random/boot_id").read())
