"""So many descriptions that reading them would take long.

leaves: nothing
"""

import matplotlib.pyplot as plt

plt.plot([1, 2, 3])
plt.savefig("a.png")
with open(".placet-figures.jsonl", "ab") as file:
    file.write(b"[" * 3_000_000 + b"\n" + b'{"version":1,"name":"a.png","x":"' + b"a" * 8_000_000 + b'"}\n')
