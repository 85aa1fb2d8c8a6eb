"""Import modules of the executor that the interpreter has in memory.

falls without: forgetting
"""

import sys

for name in list(sys.modules):
    if name.split(".")[0] in ("executor_svc", "placet", "placetpb", "guard_svc", "grpc", "openai", "cryptography"):
        print("GOT", name)
