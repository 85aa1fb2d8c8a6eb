def number(text, *, convert=eval):
    return convert(text)

print("default", number("__import__('os').getpid()"))
