import base64

coded = base64.b64encode("Ada Lovelace".encode()).decode()
print(coded, base64.b64decode(coded).decode())
