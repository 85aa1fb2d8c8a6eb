value = 1 # the end

print("feed", __import__("os").getpid())
