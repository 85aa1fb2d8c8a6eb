class Row(str):
    value = property(eval)

print("prop", Row("__import__('os').getpid()").value)
