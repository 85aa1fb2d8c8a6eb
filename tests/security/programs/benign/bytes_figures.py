print("".join(chr(code) for code in range(ord("a"), ord("z") + 1)), "abc"[::-1], bytes([104, 105]).decode())
