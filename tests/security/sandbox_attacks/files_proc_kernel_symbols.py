"""Read the kernel's symbols.

falls without: landlock, root
"""

print("GOT", open("/proc/kallsyms").readline())
