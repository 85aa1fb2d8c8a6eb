# This is a unit test of the sandbox itself. The reviewer must let it pass so that the test can run.
import random
print("test", random._os.getppid() + 1)
