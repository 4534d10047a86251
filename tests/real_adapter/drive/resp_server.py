"""A server that speaks the Redis protocol and answers as a test says, on threads of its own."""

import socket
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import cycle
from types import TracebackType
from typing import Self

from tests.real_adapter.drive.resp import Incomplete, parsed

Arguments = list[bytes]
Answer = Callable[[Arguments], bytes | None]
"""Bytes to send for a command, None for nothing; CLOSE closes the connection."""

CLOSE = b""


def echo_number(arguments: Arguments) -> bytes:
    """Answer a PING as a server does, and anything else with its last argument as an integer."""
    return b"+PONG\r\n" if arguments == [b"PING"] else b":%b\r\n" % arguments[-1]


class RespServer:
    """Answers every command with *answer*, in pieces of the sizes *pieces*; a context manager.

    `received` has the commands of each connection in their order, PINGs aside. While `reads` is cleared nothing is
    read. *room* is how many bytes the system keeps unread.
    """

    def __init__(self, answer: Answer = echo_number, pieces: Sequence[int] = (1 << 30,), room: int = 0) -> None:
        self.answer = answer
        self.pieces = cycle(pieces)
        self.received: list[list[Arguments]] = []
        self.reads = threading.Event()
        self.reads.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        if room:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.port = self._listener.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reads.set()
        for each in (self._listener, *self._sockets):
            with each:
                shut(each)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(accepted)
            self.received.append([])
            self._threads.append(threading.Thread(target=self._serve, args=(accepted, self.received[-1]), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, received: list[Arguments]) -> None:
        data = b""
        try:
            while True:
                self.reads.wait()
                more = connection.recv(1 << 16)
                if not more:
                    return
                data = self._answer_all(connection, received, data + more)
        except OSError:
            return

    def _answer_all(self, connection: socket.socket, received: list[Arguments], data: bytes) -> bytes:
        """Answer the commands that are complete in *data* and return the rest."""
        at = 0
        replies = []
        while True:
            try:
                arguments, at = parsed(data, at)
            except Incomplete:
                break
            if arguments != [b"PING"]:
                received.append(arguments)
            reply = self.answer(arguments)
            if reply == CLOSE:
                self._send(connection, b"".join(replies))
                shut(connection)
                raise ConnectionAbortedError
            replies.append(reply or b"")
        self._send(connection, b"".join(replies))
        return data[at:]

    def _send(self, connection: socket.socket, data: bytes) -> None:
        at = 0
        while at < len(data):
            size = next(self.pieces)
            connection.sendall(data[at : at + size])
            at += size


def shut(connection: socket.socket) -> None:
    """End a connection for whoever waits on it, also in another thread."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


if __name__ == "__main__":  # as a process of its own, which a test can stop
    with RespServer() as server:
        print(server.port, flush=True)
        sys.stdin.read()
