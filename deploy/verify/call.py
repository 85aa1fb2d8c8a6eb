"""One program through the installed chain, as a team calls it: what workers reached, the verdict, the run.

TIER is the isolation that the workers must have reached by their own test ("T2" is gVisor, not by its name).
"""

from __future__ import annotations

import asyncio
import os
import sys

from placet.answers import Outcome
from placet.client import Placet
from placet.rpc.errors import ServiceError

PROGRAM = b"print(sum(range(10)))\n"


async def main() -> int:
    async with Placet.connect() as placet:  # PLACET_SERVICES and PLACET_TLS say where
        pool = await placet.pool()
        print(f"workers: {pool.tier}, {'; '.join(pool.isolation)}")
        if pool.tier != os.environ["TIER"]:
            print(f"call: WRONG the workers reached {pool.tier}, not {os.environ['TIER']}")
            return 1
        ran = await placet.run(PROGRAM, scope="pure-compute")  # rules alone allow it: no model is asked
    good = ran.outcome is Outcome.DONE and ran.stdout_bytes.strip() == b"45" and ran.tier == pool.tier
    print(f"call: {'a program ran' if good else 'WRONG'} ({ran.outcome}, request {ran.request_id})")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except ServiceError as error:
        sys.exit(f"call: WRONG {error.code.name}/{error.reason}: {error}")
