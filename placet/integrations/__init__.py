"""Doors for agents' libraries, one module each; importing one needs that library (docs/doors.md §4, §5)."""
