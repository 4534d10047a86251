"""Loads that tests put on a server of their own."""

import numpy as np
from numpy.typing import NDArray

from real_adapter.drive.requests import Requests, encode_each

MS = 1_000_000
SLEEPS = {"busy_wait": False}
"""For a driver whose server runs on the same processors."""


def numbered(count: int, size: int = 1) -> Requests:
    """Requests that ask for their own number."""
    return encode_each([["GET", "x" * size, k] for k in range(count)])


def at_once(count: int) -> NDArray[np.int64]:
    """A schedule by which all are due at the start."""
    return np.zeros(count, np.int64)


def bytes_of(requests: Requests, number: int) -> bytes:
    """What is sent for one request."""
    return requests.blob[requests.begin[number] : requests.end[number]].tobytes()
