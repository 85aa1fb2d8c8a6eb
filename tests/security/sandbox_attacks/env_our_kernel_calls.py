"""Import the executor's own helpers for kernel calls.

falls without: forgetting
"""

from executor_svc.sandbox import kernel

print("GOT", kernel)
