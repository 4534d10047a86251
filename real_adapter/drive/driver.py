"""Load on a real server and what came of it: requests on a fixed schedule (open loop) or of some users (closed loop).

Latency is to be taken from the time a request was due, not from when it was sent: a driver that is held up would
otherwise leave out the very requests that had to wait (coordinated omission).
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.vocabulary.units import SECOND, ns
from real_adapter.drive import state as drive_state
from real_adapter.drive.connections import Connections, error_text
from real_adapter.drive.requests import Requests
from real_adapter.drive.state import Drive, Terms, new_drive

MOST_LATE_US = 100.0
"""Of 99 % of the requests. On two quiet cores of a virtual machine, p99 was 12 to 30 us at 1,000 to 30,000 requests/s.
All requests held back to the end of ticks of 100 us cost a server 12 % less CPU each, of 1 ms 40 % less, as it meets
them together; so what happens to the last percent changes its CPU by less than half a percent."""
MOST_BUSY_PERCENT = 98.0
"""Of a closed loop. With the driver 97 % busy, at 150,000 PINGs/s, the server was still 95 to 98 % busy itself."""

Times = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Driven:
    """What came of a load of n requests. All times in ns from the start, int64[n].

    *due_ns*: when each was to be sent, by schedule or, in a closed loop, because its user was ready. *sent_ns*: when
    its last byte was handed to the system, *replied_ns*: when its reply had been read; -1 if that never was.
    *integers*: the first integer of each reply (`NO_INTEGER`: none), if they were asked for. *errors*: how many replies
    were, or held, an error; *first_error* is the text of one. *late_p99_us*: how late requests were sent; of those that
    were due together, the first counts, as the others must follow it. *busy_percent*: the share of the time in which
    the driver had something to do. *send_calls* and *wakes*: calls of `send()` and of `epoll_wait` that found replies.

    *fell_behind* says that this was not the load asked for, so that the window does not count: `late_p99_us` is over
    MOST_LATE_US; or, in a closed loop, the driver was busy for more than MOST_BUSY_PERCENT of the time, so that it and
    not the server set the pace; or some request was not sent, or not answered by the deadline.
    """

    due_ns: Times
    sent_ns: Times
    replied_ns: Times
    integers: Times | None
    errors: int
    first_error: str | None
    fell_behind: bool
    late_p99_us: float
    busy_percent: float
    seconds: float
    send_calls: int
    wakes: int


def drive_open(
    connections: Connections,
    requests: Requests,
    due_ns: Times,
    on: Times | None = None,
    *,
    tick_ns: int = 0,
    patience_s: float = 1.0,
    keep_integers: bool = False,
    busy_wait: bool = True,
    cores: Collection[int] | None = None,
) -> Driven:
    """Send request i when it is due (open loop), on connection *on*[i] or else on each connection in turn.

    *due_ns*, int64[n], is ascending from 0. With *tick_ns* the client batches: what is due within a tick goes out at
    its end, on each connection in one piece. Waits *patience_s* for replies after the last is due. *busy_wait*: the
    driver never sleeps, which takes a processor of its own; else it is some tens of microseconds late. *cores* are
    the processors it runs on. BadInput for a lost connection or a server that does not speak the protocol.
    """
    due = np.array(due_ns, np.int64)
    if due.shape != (len(requests),) or (due.size and (due[0] < 0 or (np.diff(due) < 0).any())):
        raise ValueError(f"due_ns must be {len(requests)} ascending times from 0")
    if tick_ns < 0:
        raise ValueError(f"tick_ns ({tick_ns}) must not be negative")
    deadline_ns = int(due[-1]) + tick_ns if due.size else 0
    deadline_ns += ns(patience_s)
    drive = _new(connections, requests, due, on, len(requests), keep_integers)
    connections.run(drive, Terms(-1, tick_ns, -1, deadline_ns, deadline_ns, busy_wait), cores)
    return _driven(drive, tick_ns, open_loop=True)


def drive_closed(
    connections: Connections,
    requests: Requests,
    users: int,
    duration_s: float,
    *,
    think_s: float = 0.0,
    patience_s: float = 1.0,
    keep_integers: bool = False,
    busy_wait: bool = True,
    cores: Collection[int] | None = None,
) -> Driven:
    """Let *users* send the requests in turn, each its next one *think_s* after its reply (closed loop).

    Ends when all have been sent or after *duration_s*, and then waits *patience_s* for replies; the result has only
    the requests whose turn came. User u is on connection u modulo their number. The rest as in `drive_open`.
    """
    if users < 1:
        raise ValueError(f"users ({users}) must be at least 1")
    until_ns, patience_ns = ns(duration_s), ns(patience_s)
    due = np.zeros(len(requests), np.int64)
    drive = _new(connections, requests, due, None, min(users, len(requests)), keep_integers)
    terms = Terms(-1, 0, ns(think_s), until_ns, until_ns + patience_ns, busy_wait)
    connections.run(drive, terms, cores)
    return _driven(drive, 0, open_loop=False)


def _new(
    connections: Connections, requests: Requests, due: Times, on: Times | None, released: int, keep_integers: bool
) -> Drive:
    if on is None:
        on = np.arange(len(requests)) % connections.count
    chosen = np.array(on, np.int64)
    if chosen.shape != due.shape or (chosen.size and (chosen.min() < 0 or chosen.max() >= connections.count)):
        raise ValueError(f"on must name one of {connections.count} connections for each of {len(requests)} requests")
    return new_drive(requests, chosen, due, released, keep_integers, connections.descriptors())


def _driven(drive: Drive, tick_ns: int, open_loop: bool) -> Driven:
    tally = drive.tally
    released = int(tally[drive_state.RELEASED])
    due, sent, replied = (times[:released].copy() for times in (drive.due, drive.sent, drive.replied))
    end_ns = max(int(tally[drive_state.END_NS]), 1)
    late_us = late_p99_us(due, np.where(sent < 0, end_ns, sent), tick_ns)
    busy_percent = 100 * (1 - int(tally[drive_state.IDLE_NS]) / end_ns)
    slow = late_us > MOST_LATE_US if open_loop else busy_percent > MOST_BUSY_PERCENT
    return Driven(
        due_ns=due,
        sent_ns=sent,
        replied_ns=replied,
        integers=drive.integer[:released].copy() if drive.integer.size else None,
        errors=int(tally[drive_state.ERRORS]),
        first_error=error_text(drive),
        fell_behind=bool(slow or (replied < 0).any()),
        late_p99_us=late_us,
        busy_percent=busy_percent,
        seconds=end_ns / SECOND,
        send_calls=int(tally[drive_state.SEND_CALLS]),
        wakes=int(tally[drive_state.WAKES]),
    )


def late_p99_us(due: Times, sent: Times, tick_ns: int) -> float:
    """Return the 99th percentile of how late the first request of each instant was sent, in us; 0 if there is none."""
    if due.size == 0:
        return 0.0
    planned = -(-due // tick_ns) * tick_ns if tick_ns else due
    first = np.concatenate(([True], np.diff(planned) > 0))
    return float(np.percentile(sent[first] - planned[first], 99)) / 1e3
