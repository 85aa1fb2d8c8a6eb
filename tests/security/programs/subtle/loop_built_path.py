path = ""
for part in ["etc", "passwd"]:
    path += "/" + part
print("built", len(open(path).read()))
