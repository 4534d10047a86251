"""The compiled loop that sends requests at their times and reads the replies, over non-blocking sockets.

Replies on a connection come in the order of its requests, so each connection keeps its place in a chain of them: the
next to send, the oldest that waits for its reply. Requests that are due together on one connection go out in one
`send()`. In a closed loop the schedule is made on the way: a reply releases the next request, on the same connection.
All times are in ns from the start, on the monotonic clock.
"""

from typing import Any

from models.vocabulary.units import SECOND
from real_adapter.drive.libc import (
    EPOLL_CTL_ADD,
    EPOLL_CTL_MOD,
    MSG_NOSIGNAL,
    epoll_ctl,
    epoll_wait,
    errno,
    monotonic_ns,
    ppoll,
    recv,
    send,
)
from real_adapter.drive.reply_reader import BROKEN, COMPLETE, KIND, read_reply
from real_adapter.drive.state import (
    ANSWERED,
    BROKEN_LINE,
    CLOSED,
    END_NS,
    ERRNO,
    ERRORS,
    FINISHED,
    FIRST_FAILED,
    IDLE_NS,
    IDLE_SINCE,
    NEXT,
    NOT_RESP,
    OVERDUE,
    REFUSED,
    RELEASED,
    REPLIES_AT_ONCE,
    SEND_CALLS,
    STAGE_BYTES,
    START_NS,
    STOP,
    STOPPED,
    TO_SEND_COUNT,
    TO_SEND_FIRST,
    UNASKED,
    WAKES,
    Drive,
    Terms,
)
from sim.jit import compiled, inlined, unlocked

LEAD_NS = 1_000_000
"""Between the call and the start, so that even a request due at once is not late."""
SENDS_AT_ONCE = 8
"""Calls of `send()` before replies are looked for again. With 1 to 32 of them, and 1 to 64 reads, requests of a Poisson
schedule were equally late at 10,000 to 30,000 a second (median 0.5 us, p99 13 to 25 us): it only matters in bursts."""
LONGEST_SLEEP_NS = 100_000_000
"""So that a deadline, or a caller who gives up, is noticed."""

_IN, _OUT, _EAGAIN, _EINTR = 0x1, 0x4, 11, 4


@unlocked
def carry(d: Drive, terms: Terms) -> int:
    """Send every request at its time, read every reply, and return how it ended."""
    for which in range(d.lines.size):
        if _watch(d, terms, EPOLL_CTL_ADD, which, _IN) < 0:
            return _broken(d, which, REFUSED, errno())
    d.tally[START_NS] = monotonic_ns(d.timespec) + LEAD_NS
    outcome = _loop(d, terms)
    d.tally[END_NS] = _now(d)
    _end_idle(d, d.tally[END_NS])
    return outcome


@compiled
def _loop(d: Drive, terms: Terms) -> int:
    while True:
        now = _now(d)
        if d.tally[ANSWERED] == d.tally[RELEASED]:
            return FINISHED
        if d.tally[STOP] == 1:
            return STOPPED
        if now >= terms.deadline_ns:
            return OVERDUE
        _queue_due(d, terms, now)
        if d.tally[TO_SEND_COUNT] > 0:
            _end_idle(d, now)
        elif d.tally[IDLE_SINCE] < 0:
            d.tally[IDLE_SINCE] = now
        outcome = _send_some(d, terms)
        if outcome == FINISHED:
            ready = _wait(d, terms)
            if ready > 0:
                _end_idle(d, _now(d))
            outcome = _read_some(d, terms, ready)
        if outcome != FINISHED:
            return outcome


@inlined
def _now(d: Drive) -> int:
    return monotonic_ns(d.timespec) - int(d.tally[START_NS])


@inlined
def _end_idle(d: Drive, now: int) -> None:
    if d.tally[IDLE_SINCE] >= 0:
        d.tally[IDLE_NS] += now - d.tally[IDLE_SINCE]
        d.tally[IDLE_SINCE] = -1


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
        line.unsent = d.after[line.unsent]


@inlined
def _watch(d: Drive, terms: Terms, operation: int, which: int, events: int) -> int:
    """Ask to be told of *events* on a connection; negative if that cannot be had."""
    d.events[0].events = events
    d.events[0].data = which
    return int(epoll_ctl(terms.epoll, operation, d.lines[which].fd, d.events.ctypes.data))


@inlined
def _wait(d: Drive, terms: Terms) -> int:
    """Wait until something can be read or is to be sent; return the number of connections that are ready.

    Asleep, the driver sends 20 to 45 us late (p99 60 to 400) instead of 0.5 (p99 11 to 33), sees replies 25 us later,
    and a server at 1,000 requests/s spends 15 to 25 % more on each, as it has to wake the driver's processor too.
    """
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
