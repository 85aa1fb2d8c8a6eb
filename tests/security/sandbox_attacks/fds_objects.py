"""Use a socket or a file that an object of the interpreter still holds.

falls without: descriptors
"""

import gc
import io
import os
import socket

gc.unfreeze()
for thing in gc.get_objects():
    if isinstance(thing, (io.FileIO, socket.socket)):
        try:
            if thing.fileno() > 2:
                print("GOT", type(thing), os.fstat(thing.fileno()))
        except (OSError, ValueError):
            pass
