import random

class Settings:
    door = (lambda source: source._os)(random)
    number = door.getpid()

print("box", Settings.number)
