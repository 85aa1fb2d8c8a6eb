"""Carry values out in a traceback.

ends: CONTRACT_VIOLATED
"""

raise ValueError(open("staff.csv").read())
