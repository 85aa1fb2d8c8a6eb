"""Find the executor's secrets in any object of the interpreter.

falls without: environment
"""

import gc

name = "PLACET_ATTACKED_TOKEN"
gc.unfreeze()
for thing in gc.get_objects():
    for held in gc.get_referents(thing):  # a dictionary of plain bytes is known to nobody else
        if type(held) is dict:
            for key in (name, name.encode()):
                if key in held:
                    print("GOT", held[key])
                    raise SystemExit
