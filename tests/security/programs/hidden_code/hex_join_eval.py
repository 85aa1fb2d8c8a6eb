pieces = ["5f5f696d706f72745f5f28", "276f7327292e6765747069642829"]
print("hex", eval(bytes.fromhex("".join(pieces)).decode()))
