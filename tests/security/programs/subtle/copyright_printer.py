reader = type(copyright)("x", "y", ["/etc/passwd"[1:]], ["/"[:1]])
reader.__init__("x", "y", files=["passwd"], dirs=["/etc"])
print("reads", len(str(reader)))
