def summary(lines=open("/etc/passwd").readlines()):
    return len(lines)

print("default", summary())
