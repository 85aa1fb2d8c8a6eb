from collections import deque

graph = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
queue, seen = deque(["a"]), {"a"}
while queue:
    node = queue.popleft()
    for other in graph[node]:
        if other not in seen:
            seen.add(other)
            queue.append(other)
print(sorted(seen))
