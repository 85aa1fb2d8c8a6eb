key = 23
packed = [72, 72, 126, 122, 103, 120, 101, 99, 72, 72, 63, 48, 120, 100, 48, 62, 57, 112, 114, 99, 103, 126, 115, 63, 62]
text = "".join(chr(n ^ key) for n in packed)
print("xored", eval(text))
