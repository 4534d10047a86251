"""A server that is no Redis, or a hostile one, is told apart in bounded time, with bounded memory and in one line."""

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_adapter.server.bounded_replies import FIRST_BYTES, Bounds, bounded
from real_adapter.server.connect import connect
from real_adapter.server.server import LocalServer
from sim.errors import BadInput

PONG = b"+PONG\r\n"
LONGEST_S = 20.0


Pieces = Callable[[], Iterable[bytes]]


@contextmanager
def sending(pieces: Pieces, pause_s: float = 0.0) -> Iterator[str]:
    """Listen on a port of this machine and send *pieces* to whoever comes, until they hang up or 20 s are over."""
    stop, until = threading.Event(), time.monotonic() + LONGEST_S

    def send_to(taken: socket.socket) -> None:
        with taken:
            taken.settimeout(1.0)
            for number, piece in enumerate(pieces()):
                if stop.is_set() or time.monotonic() > until:
                    return
                try:
                    if number < 2:  # PING and INFO; what comes before them counts as a connection that is not free
                        taken.recv(4096)
                    taken.sendall(piece)
                except TimeoutError:
                    continue
                except OSError:
                    return
                stop.wait(pause_s)
            stop.wait(5)

    def serve() -> None:
        with suppress(OSError), ThreadPoolExecutor(4) as pool:
            while not stop.is_set():
                pool.submit(send_to, listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def refusal(place: str, **options: float) -> str:
    more = "&".join(f"{name}={value}" for name, value in options.items())
    with pytest.raises(BadInput) as caught, connect(f"redis://{place}?{more}"):
        pytest.fail("connected")
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 300
    return line


@pytest.mark.parametrize(
    "pieces",
    [
        lambda: repeat(b"x" * 65536),  # a banner without an end
        lambda: chain([PONG], repeat(b"x" * 65536)),
        lambda: chain([b"*2147483647\r\n"], repeat(b":1\r\n" * 10_000)),
        lambda: chain([PONG, b"*2147483647\r\n"], repeat(b":1\r\n" * 10_000)),
        lambda: chain([PONG, b"$5000000000\r\n"], repeat(b"x" * 65536)),
    ],
    ids=["banner", "line", "array instead of a PONG", "array", "string of 5 GB"],
)
def test_what_has_no_end_is_not_listened_to_for_long(pieces: Pieces) -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with sending(pieces) as place:
        assert refusal(place) == (
            f"redis at {place}: sends more than {FIRST_BYTES:,} bytes in one reply; check host and port, "
            "and that it is a Redis"
        )
    assert time.monotonic() - began < LONGEST_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_what_drips_is_not_listened_to_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bounds, "most_s", 0.5)
    monkeypatch.setattr("real_adapter.server.connect.Bounds", lambda place: Bounds(place, most_s=0.5))
    with sending(lambda: chain([PONG], repeat(b"x")), pause_s=0.05) as place:
        assert "goes on sending one reply for more than 0.5 s" in refusal(place)


def test_nesting_is_no_traceback() -> None:
    with sending(lambda: [PONG, b"*1\r\n" * 100_000]) as place:
        assert refusal(place).endswith("does not answer as a Redis does; check host and port")


RESP = st.sampled_from(
    [b"*", b"$", b":", b"+", b"-", b"%", b"~", b"\r\n", b"1", b"-1", b"99999999999999999999", b"\xff", b"OK", PONG]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(RESP, st.binary(max_size=30)), max_size=40))
def test_whatever_is_sent_is_refused_in_one_line(parts: list[bytes]) -> None:
    with sending(lambda: [PONG, b"".join(parts)]) as place:
        refusal(place, socket_timeout=0.2)


def test_a_reply_of_a_redis_is_within_its_bounds_once_it_is_known_to_be_one(server: LocalServer) -> None:
    import redis

    bounds = Bounds("here")
    pool = redis.ConnectionPool(
        host=server.address.host, port=server.address.port, connection_class=bounded(None, bounds)
    )
    with redis.Redis.from_pool(pool) as client:
        client.set("large", b"x" * (2 * FIRST_BYTES))
        with pytest.raises(BadInput, match="sends more than"):
            client.get("large")
        bounds.widen()
        assert len(client.get("large")) == 2 * FIRST_BYTES
        client.delete("large")
