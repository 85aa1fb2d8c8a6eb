"""Programs through the installed chain, as a team calls it: what workers reached, the verdict, the run.

TIER is the isolation that the workers must have reached by their own test ("T2" is gVisor, not by its name).
UNTIL is a file: until it is there programs run, one after the other, and each must; without it, one does.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from placet.answers import Outcome
from placet.client import Placet
from placet.rpc.errors import ServiceError

PAUSE_S = 0.5


async def main() -> int:
    until, count = os.environ.get("UNTIL", ""), 0
    async with Placet.connect() as placet:  # PLACET_SERVICES and PLACET_TLS say where
        pool = await placet.pool()
        print(f"workers: {pool.tier}, {'; '.join(pool.isolation)}", flush=True)
        if pool.tier != os.environ["TIER"]:
            print(f"call: WRONG the workers reached {pool.tier}, not {os.environ['TIER']}")
            return 1
        while not count or (until and not await asyncio.to_thread(Path(until).exists)):
            # A new program each time. Rules alone allow it: no model is asked.
            ran = await placet.run(f"print({count} + 1)\n", scope="pure-compute")
            done = ran.outcome is Outcome.DONE and ran.stdout.strip() == str(count + 1)
            if not done or ran.tier != pool.tier:
                print(f"call: WRONG {ran.outcome} after {count} that ran (request {ran.request_id})")
                return 1
            count += 1
            if until and count == 1:
                print("going on", flush=True)
            await asyncio.sleep(PAUSE_S if until else 0)
    print(f"call: {count} of {count} programs ran, the last as request {ran.request_id}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except ServiceError as error:
        sys.exit(f"call: WRONG {error.code.name}/{error.reason}: {error}")
