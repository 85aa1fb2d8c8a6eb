"""Fill what is held, so that it is let out to make room.

ends: OUTPUT_EXCEEDED
"""

secret = open("staff.csv").read()
while True:
    print(secret * 100)
