def load(*args, **options):
    return len(open(*args, **options).read())

print("starred", load(*["/etc/passwd"], **{"mode": "r"}))
