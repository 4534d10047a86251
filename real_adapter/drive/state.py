"""What the drive loop works on: requests, connections and counters as arrays, and how a drive ends."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from real_adapter.drive.libc import EPOLL_EVENT, POLLFD
from real_adapter.drive.reply_reader import FirstError, new_first_error, new_readers
from real_adapter.drive.requests import Requests

FINISHED, OVERDUE, STOPPED, CLOSED, REFUSED, NOT_RESP, UNASKED = range(7)
"""How a drive ends: every reply is there; the deadline came first; the caller stopped it; the server closed a
connection; a call of the system failed; the server sent what is not RESP, or a reply to nothing."""

NEXT, RELEASED, ANSWERED, ERRORS, FIRST_FAILED, SEND_CALLS, WAKES, IDLE_NS, IDLE_SINCE = range(9)
TO_SEND_FIRST, TO_SEND_COUNT, STOP, START_NS, END_NS, BROKEN_LINE, ERRNO, TALLY_SIZE = range(9, 17)
"""Indices of `tally`: the next request to be queued, how many have been released to be sent, ..., and its size."""

LINE = np.dtype(
    [
        ("unsent", "i8"),  # the request to be sent next, -1 if all are
        ("sent_bytes", "i8"),  # of that request
        ("awaiting", "i8"),  # the oldest request without a reply, -1 if all have one
        ("last", "i8"),  # the request that came last
        ("fd", "i4"),
        ("full", "i4"),  # the system takes no more bytes for now
    ]
)
"""One connection."""

REPLIES_AT_ONCE = 16
"""Connections read before the next look at what is due."""
STAGE_BYTES = 1 << 16
"""Most of one `send()` or `recv()`."""


class Drive(NamedTuple):
    """A drive of n requests over some connections.

    int64[n]: where the bytes of each request *begin* and *end* in *blob*, the connection it is *on*, when it was *due*,
    *sent* and *replied* (ns from the start, -1: not yet), the request *after* it on its connection (-1: none), and the
    *integer* of its reply (of size 0 if nobody asks for it). *lines* and *readers* are the connections; *to_send* is a
    ring of those that can send at once. The rest are buffers of system calls and the `tally`.
    """

    blob: NDArray[np.uint8]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    on: NDArray[np.int64]
    due: NDArray[np.int64]
    sent: NDArray[np.int64]
    replied: NDArray[np.int64]
    after: NDArray[np.int64]
    integer: NDArray[np.int64]
    lines: NDArray[Any]
    readers: NDArray[Any]
    error: FirstError
    to_send: NDArray[np.int64]
    stage: NDArray[np.uint8]
    received: NDArray[np.uint8]
    events: NDArray[Any]
    poll: NDArray[Any]
    timespec: NDArray[np.int64]
    tally: NDArray[np.int64]


class Terms(NamedTuple):
    """What holds for the whole drive. *think_ns* is -1 in an open loop; nothing is released at *until_ns* or later."""

    epoll: int
    tick_ns: int
    think_ns: int
    until_ns: int
    deadline_ns: int
    busy_wait: bool


def new_drive(
    requests: Requests,
    on: NDArray[np.int64],
    due_ns: NDArray[np.int64],
    released: int,
    keep_integers: bool,
    descriptors: list[int],
) -> Drive:
    """Return the state before the start. In a closed loop *on* and *due_ns* are written from *released* on."""
    count, connections = len(requests), len(descriptors)
    lines = np.zeros(connections, LINE)
    lines["fd"] = descriptors
    for name in ("unsent", "awaiting", "last"):
        lines[name] = -1
    tally = np.zeros(TALLY_SIZE, np.int64)
    tally[RELEASED] = released
    tally[[FIRST_FAILED, IDLE_SINCE, BROKEN_LINE]] = -1
    return Drive(
        blob=requests.blob,
        begin=requests.begin,
        end=requests.end,
        on=on,
        due=due_ns,
        sent=np.full(count, -1),
        replied=np.full(count, -1),
        after=np.full(count, -1),
        integer=np.zeros(count if keep_integers else 0, np.int64),
        lines=lines,
        readers=new_readers(connections),
        error=new_first_error(),
        to_send=np.zeros(connections, np.int64),
        stage=np.zeros(STAGE_BYTES, np.uint8),
        received=np.zeros(STAGE_BYTES, np.uint8),
        events=np.zeros(REPLIES_AT_ONCE, EPOLL_EVENT),
        poll=np.zeros(1, POLLFD),
        timespec=np.zeros(2, np.int64),
        tally=tally,
    )
