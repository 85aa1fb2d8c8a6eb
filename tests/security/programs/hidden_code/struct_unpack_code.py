import struct

numbers = (1763734884, 1868769135, 673869159, 775039859, 1885627751, 690513001)
text = struct.pack("<17s", b"__import__('os').") + struct.pack("<8s", b"getpid()")
print("packed", eval(text))
