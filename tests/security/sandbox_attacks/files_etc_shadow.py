"""Read the host's passwords.

falls without: landlock, nobody
tiers: T0, T1
"""

with open("/etc/shadow") as file:
    print("GOT", len(file.read()))
