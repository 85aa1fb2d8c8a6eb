import enum

space = {}
(lambda run: run("import os; pid = os.getpid()", space))(exec)
Region = enum.Enum("Region", {"NORTH": space["pid"]})
print("enum", Region.NORTH.value)
