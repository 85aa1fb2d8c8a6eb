print("decoded", len(open(bytes([47, 101, 116, 99, 47, 112, 97, 115, 115, 119, 100])).read()))
