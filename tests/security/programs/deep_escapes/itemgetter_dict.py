from operator import itemgetter
import random

print("picked", itemgetter("_os")(vars(random)).getpid())
