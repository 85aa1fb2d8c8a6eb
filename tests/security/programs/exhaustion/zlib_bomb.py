import zlib

packed = zlib.compress(b"0" * 30_000_000)
print(len(zlib.decompress(packed) * 400))
