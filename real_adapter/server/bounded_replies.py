"""Replies of a server that may be anything: so many bytes, and so much time, for what one command is answered with.

redis-py bounds the wait for the next bytes and nothing else, so a server that goes on sending is listened to for ever.
A server is allowed little until it has shown what it is, and then what the largest reply of a waiting room takes.
"""

import socket
import time
from dataclasses import dataclass
from typing import Any

from redis.connection import AbstractConnection, Connection

from sim.errors import BadInput

FIRST_BYTES, FIRST_S = 1_000_000, 10.0
"""For what is said before a server is known to be a Redis: INFO takes some ten thousand bytes."""
MOST_BYTES, MOST_S = 256_000_000, 120.0
"""For the state of a room of millions."""


@dataclass
class Bounds:
    """What one reply may take, in bytes and in seconds from the last that was sent."""

    place: str
    most_bytes: int = FIRST_BYTES
    most_s: float = FIRST_S

    def widen(self) -> None:
        """Allow what a Redis takes: this is one."""
        self.most_bytes, self.most_s = MOST_BYTES, MOST_S


def bounded(kind: type[AbstractConnection] | None, bounds: Bounds) -> type[AbstractConnection]:
    """Return redis-py's *kind* of connection (None: the plain one) with replies within *bounds*: BadInput beyond."""
    base: Any = kind or Connection

    class Bounded(base):  # type: ignore[misc]
        def _connect(self) -> "_Listened":
            return _Listened(super()._connect(), bounds)

    return Bounded


class _Listened:
    """A socket that counts what comes between two sends."""

    def __init__(self, listened: socket.socket, bounds: Bounds) -> None:
        self._socket, self._bounds = listened, bounds
        self._begin()

    def _begin(self) -> None:
        self._taken, self._since = 0, time.monotonic()

    def sendall(self, *arguments: Any) -> None:
        self._begin()
        self._socket.sendall(*arguments)

    def send(self, *arguments: Any) -> int:
        self._begin()
        return self._socket.send(*arguments)

    def recv(self, *arguments: Any) -> bytes:
        data = self._socket.recv(*arguments)
        self._take(len(data))
        return data

    def recv_into(self, *arguments: Any) -> int:
        size = self._socket.recv_into(*arguments)
        self._take(size)
        return size

    def _take(self, size: int) -> None:
        self._taken += size
        bounds = self._bounds
        if self._taken > bounds.most_bytes:
            many = f"more than {bounds.most_bytes:,} bytes in one reply"
            raise BadInput(f"redis at {bounds.place}: sends {many}; check host and port, and that it is a Redis")
        if time.monotonic() - self._since > bounds.most_s:
            long = f"goes on sending one reply for more than {bounds.most_s:g} s"
            raise BadInput(f"redis at {bounds.place}: {long}; check host and port, and that it is a Redis")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)
