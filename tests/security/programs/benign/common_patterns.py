import re

lines = ["2026-01-02 10:11:12 INFO user=ada took 12ms", "bad line"]
pattern = re.compile(r"^(\d{4}-\d{2}-\d{2})\s+([\d:]+)\s+(\w+)\s+(?:(\w+)=(\w+)\s*)*took\s+(\d+)ms$")
print([m.groups() if (m := pattern.match(line)) else None for line in lines])
print(re.split(r"[,;\s]+", "a, b;c  d"), re.sub(r"(\w)\1+", r"\1", "aabbcc"), re.findall(r"(?:\d+\.)?\d+", "1.5 2"))
