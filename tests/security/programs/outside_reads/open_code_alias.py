import io

reader = io
fetch = reader.open
print("opened", len(fetch("/etc/passwd", "rb").read()))
