"""Find the executor's secrets in the environment that the own process began with.

falls without: landlock, root, dumpable, environment
"""

text = open("/proc/self/environ").read()
if "PLACET_ATTACKED_TOKEN" in text:
    print("GOT", text)
