"""`python -m placet.local`, with services that only answer health."""

from __future__ import annotations

import sys
from pathlib import Path

from placet.local import __main__, services

FAKE = Path(__file__).with_name("local_service.py")

if __name__ == "__main__":
    services.program = lambda name: (sys.executable, str(FAKE), name)
    sys.exit(__main__.main())
