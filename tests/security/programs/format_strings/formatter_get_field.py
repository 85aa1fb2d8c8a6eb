import string

tool = string.Formatter()
found, used = tool.get_field("0.__class__.__class__", (1,), {})
print("field", found)
