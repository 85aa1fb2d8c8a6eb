"""Connect to the host with asyncio.

falls without: seccomp, netns, landlock
"""

import asyncio


async def main():
    await asyncio.open_connection("127.0.0.1", int("@PORT@"))
    print("GOT a connection")


asyncio.run(main())
