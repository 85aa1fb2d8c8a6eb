import statistics

class Missing(Exception):
    tool = statistics

try:
    raise ExceptionGroup("x", [Missing()])
except* Missing as group:
    print("grouped", group.exceptions[0].tool.sys.getrecursionlimit())
