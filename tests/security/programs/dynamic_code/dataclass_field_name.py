import dataclasses

Sale = dataclasses.make_dataclass("Sale", [("price", float, dataclasses.field(default_factory=lambda: eval("__import__('os').getpid()")))])
print("field", Sale().price)
