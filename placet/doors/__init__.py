"""Doors for agents that others wrote: the tools `solve`, `run` and `review`, and nothing else of the chain.

Knows the client. Must not know how a program is judged; what is not granted elsewhere is not granted here.
docs/doors.md says what holds at every door.
"""

from placet.doors.asked import File, Review, Run, Solve
from placet.doors.door import Door, Offered
from placet.doors.folder import Folder
from placet.doors.handed import Handed

__all__ = ["Door", "File", "Folder", "Handed", "Offered", "Review", "Run", "Solve"]
