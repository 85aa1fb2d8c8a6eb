import uuid

print("node", uuid.getnode())
