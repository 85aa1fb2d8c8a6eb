import json, random, statistics

source = statistics if len([]) else random
print("chosen", (source._os if hasattr(source, "_os") else source.sys).getpid())
