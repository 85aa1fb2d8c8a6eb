"""Read the host's configuration.

falls without: landlock
tiers: T0, T1
"""

print("GOT", open("/etc/hosts").read())
