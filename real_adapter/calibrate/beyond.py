"""What a request costs beyond the loads of a calibration: with thousands of open connections, with a large payload.

Both are told as CPU that a request takes more, of windows in a row on one server, which neighbours slow alike. They are
no cost of a profile, which would have to know how many connections are in use at every instant, so the verdict of a run
that goes so far names them.
"""

import resource
import statistics
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from models.redis_costs.parts import Beyond, Quantity
from real_adapter.calibrate.calibration import CONNECTIONS, split_cores
from real_adapter.drive.connections import Connections
from real_adapter.drive.driver import Driven, drive_open
from real_adapter.drive.requests import Requests, encode_each
from real_adapter.drive.schedules import poisson_ns
from real_adapter.measure.window import Gauge
from real_adapter.server.server import start_server

MOST_CONNECTIONS = 20_000
"""Thirty pods with a pool of a thousand have more; a machine allows a process so many open files, or fewer."""
PAYLOAD_BYTES = 1_000
"""Of a status in the talk."""
RATE_RPS, SECONDS, WINDOWS = 10_000.0, 0.4, 6
SPARE = 300
"""Open files that are left to what else the driver and the server have open."""
LONGEST_S = 10.0
"""For the windows of each number of connections; disturbed ones do not count."""


def measure_beyond(most: int = MOST_CONNECTIONS) -> dict[Quantity, Beyond]:
    """Start a server, and return what is added at *most* connections, or what the machine allows, and by PAYLOAD_BYTES.

    Without what could not be measured undisturbed. BadInput as `calibration.split_cores` and `start_server`.
    """
    driver, cores = split_cores()
    wanted = min(most, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE)
    with start_server(cores=cores, settings={"maxclients": str(wanted + SPARE)}) as server, server.client() as client:
        answer: Any = client.config_get("maxclients")
        many, url = min(wanted, int(answer["maxclients"]) - SPARE), f"redis://{server.address}"
        gauge = Gauge(client, server.pid, len(driver) + len(cores))
        gauge.settle()

        def seen(connections: int, *payloads: int) -> list[list[float]]:
            with Connections([url], connections) as lines:
                return _windows(gauge, lines, [_ping(size) for size in payloads], driver)

        small, large = seen(CONNECTIONS, 0, PAYLOAD_BYTES)
        (crowded,) = seen(many, 0)
        (after,) = seen(CONNECTIONS, 0)
    found: dict[Quantity, Beyond | None] = {
        "connections": added(many, crowded, [*small, *after]),
        "payload_bytes": added(PAYLOAD_BYTES, large, small),
    }
    return {quantity: what for quantity, what in found.items() if what is not None}


def added(at: int, dear_us: Sequence[float], plain_us: Sequence[float]) -> Beyond | None:
    """Return by how much the median of *dear_us*, seen at so much, is above that of *plain_us*; None without either."""
    if not dear_us or not plain_us:
        return None
    more_us = statistics.median(dear_us) - statistics.median(plain_us)
    return Beyond(at=at, adds_us=round(max(more_us, 0.0), 2))


def _windows(gauge: Gauge, lines: Connections, requests: Sequence[Requests], cores: Sequence[int]) -> list[list[float]]:
    """Return the CPU of a request, us, of undisturbed windows with each kind of request in turn."""
    found: list[list[float]] = [[] for _ in requests]
    until, turn = time.monotonic() + LONGEST_S, 0
    while min(map(len, found)) < WINDOWS and time.monotonic() < until:
        for kept, request in zip(found, requests, strict=True):
            window = gauge.measure("beyond", partial(_driven, lines, request, turn, cores))
            if not window.refused:
                kept.append(window.cpu_us)
        turn += 1
    return found


def _driven(lines: Connections, request: Requests, seed: int, cores: Sequence[int]) -> Driven:
    due_ns = poisson_ns(RATE_RPS, SECONDS, seed)
    return drive_open(lines, request.take(np.zeros(due_ns.size, np.int64)), due_ns, cores=cores)


def _ping(payload_bytes: int) -> Requests:
    return encode_each([("PING", b"x" * payload_bytes) if payload_bytes else ("PING",)])
