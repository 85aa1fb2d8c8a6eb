from operator import methodcaller

print(list(map(methodcaller("strip"), [" Ada", "Ben "])))
