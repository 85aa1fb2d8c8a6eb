"""Tries connections: those in OPEN must come about, those in CLOSED must not. A line each, then the sum.

    tcp:10.0.0.7:7443   a connection
    udp:8.8.8.8:53      an answer to a name server's question
    dns:example.com     a name resolved
    icmp:8.8.8.8        an answer to a ping

Exits with 1 when something was not as it must be; with --stay it sleeps instead, and its log is read.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time

PATIENCE_S = 4.0
QUESTION = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + b"\x07example\x03com\x00" + struct.pack(">2H", 1, 1)
PING = struct.pack(">BBHHH", 8, 0, 0xF7FD, 1, 1)


def tcp(where: str) -> None:
    host, _, port = where.rpartition(":")
    socket.create_connection((host, int(port)), PATIENCE_S).close()


def udp(where: str) -> None:
    host, _, port = where.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talking:
        talking.settimeout(PATIENCE_S)
        talking.sendto(QUESTION, (host, int(port)))
        talking.recv(512)


def dns(where: str) -> None:
    socket.getaddrinfo(where, 443)


def icmp(where: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as talking:
        talking.settimeout(PATIENCE_S)
        talking.sendto(PING, (where, 0))
        talking.recv(512)


WAYS = {"tcp": tcp, "udp": udp, "dns": dns, "icmp": icmp}


def comes_about(target: str) -> bool:
    way, _, where = target.partition(":")
    try:
        WAYS[way](where)
    except OSError as error:
        print(f"  closed  {target}  ({error})", flush=True)
        return False
    print(f"  open    {target}", flush=True)
    return True


def main() -> int:
    wanted = [(target, True) for target in os.environ.get("OPEN", "").split()]
    wanted += [(target, False) for target in os.environ.get("CLOSED", "").split()]
    wrong = [target for target, is_open in wanted if comes_about(target) is not is_open]
    print(
        f"reach: WRONG {' '.join(wrong)}" if wrong else f"reach: all {len(wanted)} as it must be", flush=True
    )
    while "--stay" in sys.argv:
        time.sleep(60)
    return 1 if wrong or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
