"""Connections to one or several servers, for any number of drives: made once, greeted, kept, renewed after a loss."""

import ctypes
import os
import select
import socket
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np

from models.vocabulary.units import ns
from real_adapter.drive import state as drive_state
from real_adapter.drive.loop import carry
from real_adapter.drive.requests import Argument, encode_each
from real_adapter.drive.state import Drive, Terms, new_drive
from real_adapter.server.redis_url import PORT, parse_redis_url
from sim.errors import BadInput

_PR_SET_TIMERSLACK = 29


@dataclass(frozen=True)
class Address:
    """Where a server is, and with which commands a connection to it begins."""

    host: str
    port: int
    greeting: tuple[tuple[Argument, ...], ...] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address_of(url: str) -> Address:
    """Return where *url* (`real_adapter.server.redis_url`) leads, of which TLS and sockets of this machine are refused.

    BadInput, which never shows the password.
    """
    where = parse_redis_url(url)
    if where.tls or "path" in where.options:
        told = "the load driver speaks neither TLS nor through a socket of this machine; name a TCP port without TLS"
        raise BadInput(f"redis at {where.place}: {told}")
    greeting: list[tuple[Argument, ...]] = []
    if "password" in where.options:
        names = (where.options["username"],) if "username" in where.options else ()
        greeting.append(("AUTH", *names, where.options["password"]))
    if where.options.get("db"):
        greeting.append(("SELECT", where.options["db"]))
    return Address(where.options.get("host", "localhost"), where.options.get("port", PORT), tuple(greeting))


class Connections:
    """*count* open connections, a context manager; connection i goes to server i modulo the number of *urls*.

    Each begins with what its URL says (AUTH, SELECT), with the commands of *preamble* (such as READONLY) and with a
    PING. BadInput if a server cannot be reached within *timeout_s*, refuses one of these or is no Redis.
    """

    def __init__(
        self,
        urls: Sequence[str],
        count: int,
        preamble: Sequence[Sequence[Argument]] = (),
        timeout_s: float = 5.0,
    ) -> None:
        if not urls or count < 1:
            raise ValueError(f"there must be a URL and a connection at least, not {len(urls)} and {count}")
        if not hasattr(select, "epoll"):
            raise BadInput("the load driver needs Linux: this system has no epoll")
        self.addresses = [address_of(url) for url in urls]
        self.preamble = [tuple(command) for command in preamble]
        self.count = count
        self.timeout_s = timeout_s
        self.sockets: list[socket.socket] = []
        self._to_renew = False

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all of them."""
        for each in self.sockets:
            each.close()
        self.sockets = []

    def descriptors(self) -> list[int]:
        """Return the file descriptors. Connections on which a reply may still come are made anew before."""
        if self._to_renew:
            self.close()
            self._open()
        if not self.sockets:
            raise ValueError("these connections are not open; use them as a context manager")
        return [each.fileno() for each in self.sockets]

    def run(self, drive: Drive, terms: Terms, cores: Collection[int] | None = None) -> bool:
        """Carry a drive out in a thread of its own, pinned to *cores*; return whether every reply came in time.

        BadInput if a connection was lost or the server does not keep to the protocol.
        """
        self._to_renew = True
        with select.epoll() as poll, ThreadPoolExecutor(1) as pool:
            future = pool.submit(_run_pinned, drive, terms._replace(epoll=poll.fileno()), cores)
            try:
                outcome = future.result()
            except BaseException:
                drive.tally[drive_state.STOP] = 1
                raise
        if outcome not in (drive_state.FINISHED, drive_state.OVERDUE):
            raise BadInput(self._what_broke(drive, outcome))
        self._to_renew = outcome != drive_state.FINISHED
        return not self._to_renew

    def _address(self, connection: int) -> Address:
        return self.addresses[connection % len(self.addresses)]

    def _open(self) -> None:
        try:
            for number in range(self.count):
                self.sockets.append(_connected(self._address(number), self.timeout_s))
            self._greet()
        except BaseException:
            self.close()
            raise

    def _greet(self) -> None:
        commands, on = [], []
        for number in range(self.count):
            greeting = [*self._address(number).greeting, *self.preamble, ("PING",)]
            commands += greeting
            on += [number] * len(greeting)
        requests = encode_each(commands)
        due_ns = np.zeros(len(requests), np.int64)
        descriptors = [each.fileno() for each in self.sockets]
        drive = new_drive(requests, np.array(on), due_ns, len(requests), False, descriptors)
        within_ns = ns(self.timeout_s)
        in_time = self.run(drive, Terms(-1, 0, -1, within_ns, within_ns, busy_wait=False))
        if drive.tally[drive_state.ERRORS]:
            failed = int(drive.tally[drive_state.FIRST_FAILED])
            raise BadInput(_refusal(self._address(on[failed]), commands[failed], error_text(drive) or ""))
        if not in_time:
            silent = self._address(on[int(np.flatnonzero(drive.replied < 0)[0])])
            raise BadInput(f"{silent}: no answer to PING within {self.timeout_s:g} s; is this a Redis server?")

    def _what_broke(self, drive: Drive, outcome: int) -> str:
        where = self._address(int(drive.tally[drive_state.BROKEN_LINE]))
        done = f"after {drive.tally[drive_state.ANSWERED]:,} of {drive.due.size:,} replies"
        told = f" (it said: {self._quotable(drive, where)})" if error_text(drive) else ""
        if outcome == drive_state.REFUSED:
            return f"{where}: the connection was lost {done}: {os.strerror(int(drive.tally[drive_state.ERRNO]))}{told}"
        if outcome == drive_state.CLOSED:
            return f"{where}: the server closed the connection {done}{told}"
        if outcome == drive_state.UNASKED:
            return f"{where}: the server sent a reply that nothing had asked for, {done}{told}"
        return f"{where}: what came is not the Redis protocol, {done}; is this a Redis server?"

    def _quotable(self, drive: Drive, where: Address) -> str:
        """Return what the server said; its first word only where it may repeat a password that it was sent."""
        text = error_text(drive) or ""
        secret = any(_is_secret(command) for command in (*where.greeting, *self.preamble))
        return text.split(" ")[0] if secret else text


def error_text(drive: Drive) -> str | None:
    """Return the text of the first error reply, in one line."""
    text = drive.error.text[: drive.error.size[0]].tobytes().decode("utf-8", "replace")
    return " ".join(text.split()) if drive.error.reader[0] >= 0 else None


def _run_pinned(drive: Drive, terms: Terms, cores: Collection[int] | None) -> int:
    if cores is not None:
        try:
            os.sched_setaffinity(0, cores)  # of this thread, which ends with the drive
        except OSError:
            allowed = sorted(os.sched_getaffinity(0))
            raise BadInput(f"cores: {sorted(cores)} cannot be used; must be among {allowed}") from None
    # the system may wake a sleeper 50 us late, to wake several at once, unless it asks for better
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    return int(carry(drive, terms))


def _connected(address: Address, timeout_s: float) -> socket.socket:
    try:
        made = socket.create_connection((address.host, address.port), timeout_s)
    except TimeoutError:
        raise BadInput(f"{address}: no connection within {timeout_s:g} s") from None
    except OSError as error:
        raise BadInput(f"{address}: cannot connect: {error.strerror or error}") from None
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setblocking(False)
    return made


def _refusal(address: Address, command: tuple[Argument, ...], text: str) -> str:
    if _is_secret(command):
        return f"{address}: {command[0]!s} was refused ({text.split(' ')[0]}); check user and password of the URL"
    return f"{address}: {command[0]!s} was refused: {text}"


def _is_secret(command: tuple[Argument, ...]) -> bool:
    return str(command[0]).upper() in ("AUTH", "HELLO")
