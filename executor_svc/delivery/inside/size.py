"""Whether all that leaves together is as small as the contract has it: docs/contract.md 3.4.

The last step, since figures and tables in house style may be larger than the program's.
"""

from __future__ import annotations

from executor_svc.delivery.inside.parcel import Parcel


def apply(parcel: Parcel) -> None:
    """Add up files and streams as they are now."""
    most = (parcel.order.contract or {}).get("max_kib")
    if most is None:
        return
    streams = (parcel.order.streams[name] for name in parcel.streams)
    size = sum(path.stat().st_size for path in (*parcel.files.values(), *streams))
    if size > most * 1024:
        parcel.violate("artifacts", "caps.bytes", f"all together has more than {most} KiB")
