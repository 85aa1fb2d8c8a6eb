"""A wire between a client and PostgreSQL's socket that can be cut at any message, before or after it arrived.

Knows bytes and sockets. What a client sends at once counts as one message; of a pipeline it sends
several before it waits, and only the last is answered.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
REPLY_S = 1.0
"""How long an answer may take; some messages get none."""


class Wire:
    """Clients connect to the socket in `directory` instead of that in `server`."""

    def __init__(self, server: Path, directory: Path) -> None:
        self._server, self.directory = server, directory
        self._left: int | None = None
        self._after = False
        self._unheard: socket.socket | None = None
        self._answered = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / SOCKET))
        self._listener.listen()

    @classmethod
    @contextmanager
    def between(cls, server: Path, directory: Path) -> Iterator[Wire]:
        """One that is laid, and gone at the end."""
        wire = cls(server, directory)
        threading.Thread(target=wire._accept, daemon=True).start()
        try:
            yield wire
        finally:
            wire._listener.close()

    def cut(self, number: int, *, after: bool) -> None:
        """Cut it at the message with this number from now on, counted from 0; once.

        `after`: the server gets the message and answers, but nobody hears the answer.
        """
        self._after = after
        self._answered.clear()
        self._left = number

    @property
    def was_cut(self) -> bool:
        """Whether the message came."""
        return self._left is None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed: the test is over
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server / SOCKET))
                for pump in (self._to_server, self._to_client):
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, contextlib.suppress(OSError):
            while message := client.recv(1 << 20):
                if self._left == 0:
                    self._end(message, server)
                    self._left = None
                    break
                if self._left is not None:
                    self._left -= 1
                server.sendall(message)
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)

    def _end(self, message: bytes, server: socket.socket) -> None:
        if self._after:
            self._unheard = server
            server.sendall(message)
            self._answered.wait(REPLY_S)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while answer := server.recv(1 << 20):
                if self._unheard is server:
                    self._answered.set()
                    continue
                client.sendall(answer)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
