"""The compiled loop that sends requests at their times and reads the replies, over non-blocking sockets.

Replies on a connection come in the order of its requests, so each connection keeps its place in a chain of them: the
next to send, the oldest that waits for its reply. Requests that are due together on one connection go out in one
`send()`. In a closed loop the schedule is made on the way: a reply releases the next request, on the same connection.
All times are in ns from the start, on the monotonic clock.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.units import SECOND
from real_adapter.libc import (
    EPOLL_CTL_ADD,
    EPOLL_CTL_MOD,
    EPOLL_EVENT,
    MSG_NOSIGNAL,
    POLLFD,
    epoll_ctl,
    epoll_wait,
    errno,
    monotonic_ns,
    ppoll,
    recv,
    send,
)
from real_adapter.reply_reader import BROKEN, COMPLETE, KIND, FirstError, new_first_error, new_readers, read_reply
from sim.compiled import compiled, inlined, unlocked

FINISHED, OVERDUE, STOPPED, CLOSED, REFUSED, NOT_RESP, UNASKED = range(7)
"""How a drive ends: every reply is there; the deadline came first; the caller stopped it; the server closed a
connection; a call of the system failed; the server sent what is not RESP, or a reply to nothing."""

NEXT, RELEASED, SENT, ANSWERED, ERRORS, FIRST_FAILED, SEND_CALLS, WAKES, IDLE_NS = range(9)
TO_SEND_FIRST, TO_SEND_COUNT, STOP, START_NS, END_NS, BROKEN_LINE, ERRNO = range(9, 16)
"""Indices of `tally`."""
TALLY_SIZE = 16

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

LEAD_NS = 1_000_000
"""Between the call and the start, so that even a request due at once is not late."""
SENDS_AT_ONCE = 8
REPLIES_AT_ONCE = 16
STAGE_BYTES = 1 << 16
LONGEST_SLEEP_NS = 100_000_000
"""So that a deadline, or a caller who gives up, is noticed."""

_IN, _OUT, _EAGAIN, _EINTR = 0x1, 0x4, 11, 4


class Drive(NamedTuple):
    """Arrays of a drive of n requests over some connections. Per request: where its bytes begin and end in *blob*."""

    blob: NDArray[np.uint8]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    on: NDArray[np.int64]
    due: NDArray[np.int64]
    sent: NDArray[np.int64]
    replied: NDArray[np.int64]
    integer: NDArray[np.int64]
    after: NDArray[np.int64]
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
    blob: NDArray[np.uint8],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    on: NDArray[np.int64],
    due_ns: NDArray[np.int64],
    released: int,
    keep_integers: bool,
    descriptors: list[int],
) -> Drive:
    """Return the state before the start. *due_ns* is kept and, in a closed loop, written to."""
    count, connections = begin.size, len(descriptors)
    lines = np.zeros(connections, LINE)
    lines["fd"] = descriptors
    for name in ("unsent", "awaiting", "last"):
        lines[name] = -1
    tally = np.zeros(TALLY_SIZE, np.int64)
    tally[RELEASED] = released
    tally[[FIRST_FAILED, BROKEN_LINE]] = -1
    return Drive(
        blob,
        begin,
        end,
        on,
        due_ns,
        np.full(count, -1),
        np.full(count, -1),
        np.zeros(count if keep_integers else 0, np.int64),
        np.full(count, -1),
        lines,
        new_readers(connections),
        new_first_error(),
        np.zeros(connections, np.int64),
        np.zeros(STAGE_BYTES, np.uint8),
        np.zeros(STAGE_BYTES, np.uint8),
        np.zeros(REPLIES_AT_ONCE, EPOLL_EVENT),
        np.zeros(1, POLLFD),
        np.zeros(2, np.int64),
        tally,
    )


@unlocked
def carry(d: Drive, terms: Terms) -> int:
    """Send every request at its time, read every reply, and return how it ended."""
    for which in range(d.lines.size):
        _watch(d, terms, EPOLL_CTL_ADD, which, _IN)
    d.tally[START_NS] = monotonic_ns(d.timespec) + LEAD_NS
    outcome = _loop(d, terms)
    d.tally[END_NS] = _now(d)
    return outcome


@compiled
def _loop(d: Drive, terms: Terms) -> int:
    idle_since = -1
    while True:
        now = _now(d)
        if d.tally[ANSWERED] == d.tally[RELEASED]:
            return FINISHED
        if d.tally[STOP] == 1:
            return STOPPED
        if now >= terms.deadline_ns:
            return OVERDUE
        _queue_due(d, terms, now)
        if d.tally[TO_SEND_COUNT] == 0 and idle_since < 0:
            idle_since = now
        elif d.tally[TO_SEND_COUNT] > 0 and idle_since >= 0:
            d.tally[IDLE_NS] += now - idle_since
            idle_since = -1
        outcome = _send_some(d, terms)
        if outcome == FINISHED:
            ready = _wait(d, terms)
            if ready > 0 and idle_since >= 0:
                d.tally[IDLE_NS] += _now(d) - idle_since
                idle_since = -1
            outcome = _read_some(d, terms, ready)
        if outcome != FINISHED:
            return outcome


@inlined
def _now(d: Drive) -> int:
    return monotonic_ns(d.timespec) - int(d.tally[START_NS])


@inlined
def _send_time(d: Drive, terms: Terms, request: int) -> int:
    """Return when a request is to be sent: when it is due, or at the end of the tick it is due in."""
    due = d.due[request]
    if terms.tick_ns > 0:
        return -(-due // terms.tick_ns) * terms.tick_ns
    return due


@compiled
def _queue_due(d: Drive, terms: Terms, now: int) -> None:
    """Put what is to be sent by now behind its connection's other requests."""
    request = d.tally[NEXT]
    while request < d.tally[RELEASED] and _send_time(d, terms, request) <= now:
        which = d.on[request]
        line = d.lines[which]
        if line.last >= 0:
            d.after[line.last] = request
        line.last = request
        if line.awaiting < 0:
            line.awaiting = request
        if line.unsent < 0:
            line.unsent = request
            _will_send(d, which)
        request += 1
    d.tally[NEXT] = request


@inlined
def _will_send(d: Drive, which: int) -> None:
    """Put a connection at the end of those that have something to send and room for it."""
    count = d.tally[TO_SEND_COUNT]
    d.to_send[(d.tally[TO_SEND_FIRST] + count) % d.to_send.size] = which
    d.tally[TO_SEND_COUNT] = count + 1


@compiled
def _send_some(d: Drive, terms: Terms) -> int:
    """Send on the first few connections that wait for it."""
    for _ in range(min(SENDS_AT_ONCE, d.tally[TO_SEND_COUNT])):
        which = d.to_send[d.tally[TO_SEND_FIRST]]
        d.tally[TO_SEND_FIRST] = (d.tally[TO_SEND_FIRST] + 1) % d.to_send.size
        d.tally[TO_SEND_COUNT] -= 1
        line = d.lines[which]
        staged = _stage(d, line)
        now = _now(d)
        sent = send(line.fd, d.stage.ctypes.data, staged, MSG_NOSIGNAL)
        d.tally[SEND_CALLS] += 1
        if sent < 0:
            reason = errno()
            if reason not in (_EAGAIN, _EINTR):
                return _broken(d, which, REFUSED, reason)
            sent = 0
        _note_sent(d, line, sent, now)
        if sent < staged:
            line.full = 1
            _watch(d, terms, EPOLL_CTL_MOD, which, _IN | _OUT)
        elif line.unsent >= 0:
            _will_send(d, which)
    return FINISHED


@inlined
def _stage(d: Drive, line: Any) -> int:
    """Copy what a connection has to send into one piece, as far as there is room; return its length."""
    request = line.unsent
    at = d.begin[request] + line.sent_bytes
    staged = 0
    while request >= 0 and staged < STAGE_BYTES:
        count = min(d.end[request] - at, STAGE_BYTES - staged)
        for k in range(count):
            d.stage[staged + k] = d.blob[at + k]
        staged += count
        request = d.after[request]
        if request >= 0:
            at = d.begin[request]
    return staged


@inlined
def _note_sent(d: Drive, line: Any, count: int, now: int) -> None:
    """Note that *count* bytes are on their way. A request is sent when its last byte is."""
    line.sent_bytes += count
    while line.unsent >= 0 and line.sent_bytes >= d.end[line.unsent] - d.begin[line.unsent]:
        line.sent_bytes -= d.end[line.unsent] - d.begin[line.unsent]
        d.sent[line.unsent] = now
        d.tally[SENT] += 1
        line.unsent = d.after[line.unsent]


@inlined
def _watch(d: Drive, terms: Terms, operation: int, which: int, events: int) -> None:
    d.events[0].events = events
    d.events[0].data = which
    epoll_ctl(terms.epoll, operation, d.lines[which].fd, d.events.ctypes.data)


@inlined
def _wait(d: Drive, terms: Terms) -> int:
    """Wait until something can be read or is to be sent; return the number of connections that are ready."""
    if not terms.busy_wait and d.tally[TO_SEND_COUNT] == 0:
        rest = LONGEST_SLEEP_NS
        if d.tally[NEXT] < d.tally[RELEASED]:
            rest = min(rest, max(_send_time(d, terms, d.tally[NEXT]) - _now(d), 0))
        d.poll[0].fd = terms.epoll
        d.poll[0].events = _IN
        d.timespec[0] = rest // SECOND
        d.timespec[1] = rest % SECOND
        ppoll(d.poll.ctypes.data, 1, d.timespec.ctypes.data, 0)
    ready = epoll_wait(terms.epoll, d.events.ctypes.data, REPLIES_AT_ONCE, 0)
    d.tally[WAKES] += ready > 0
    return int(ready)


@compiled
def _read_some(d: Drive, terms: Terms, ready: int) -> int:
    """Read once from each connection that is ready."""
    for k in range(ready):
        event = d.events[k]
        which = int(event.data)
        if event.events & _OUT and d.lines[which].full == 1:
            d.lines[which].full = 0
            _watch(d, terms, EPOLL_CTL_MOD, which, _IN)
            _will_send(d, which)
        if event.events & ~_OUT:
            outcome = _read(d, terms, which)
            if outcome != FINISHED:
                return outcome
    return FINISHED


@inlined
def _read(d: Drive, terms: Terms, which: int) -> int:
    count = recv(d.lines[which].fd, d.received.ctypes.data, d.received.size, 0)
    if count < 0:
        reason = errno()
        return FINISHED if reason in (_EAGAIN, _EINTR) else _broken(d, which, REFUSED, reason)
    if count == 0:
        return _broken(d, which, CLOSED, 0)
    now = _now(d)
    at = 0
    while at < count:
        at = read_reply(d.readers, which, d.received, at, count, d.error)
        if d.readers[which].state == BROKEN:
            return _broken(d, which, NOT_RESP, 0)
        if d.readers[which].state == COMPLETE:
            d.readers[which].state = KIND
            if d.lines[which].awaiting < 0 or d.sent[d.lines[which].awaiting] < 0:
                return _broken(d, which, UNASKED, 0)
            _answered(d, terms, which, now)
    return FINISHED


@inlined
def _answered(d: Drive, terms: Terms, which: int, now: int) -> None:
    """Note the reply to the oldest request of a connection."""
    request = d.lines[which].awaiting
    d.lines[which].awaiting = d.after[request]
    d.replied[request] = now
    d.tally[ANSWERED] += 1
    if d.integer.size > 0:
        d.integer[request] = d.readers[which].integer
    if d.readers[which].failed == 1:
        d.tally[ERRORS] += 1
        if d.error.reader[0] == which and d.tally[FIRST_FAILED] < 0:
            d.tally[FIRST_FAILED] = request
    released = d.tally[RELEASED]
    if terms.think_ns >= 0 and released < d.due.size and now + terms.think_ns < terms.until_ns:
        d.due[released] = now + terms.think_ns
        d.on[released] = which
        d.tally[RELEASED] = released + 1


@inlined
def _broken(d: Drive, which: int, outcome: int, reason: int) -> int:
    d.tally[BROKEN_LINE] = which
    d.tally[ERRNO] = reason
    return outcome
