def shift(text, by):
    return "".join(chr((ord(c) - 97 + by) % 26 + 97) if c.isalpha() else c for c in text)

print(shift(shift("hello world", 3), -3))
