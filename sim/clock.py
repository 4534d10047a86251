"""One clock for control and data: SimPy's, with a compiled core that is advanced between its events.

Control processes are ordinary SimPy processes on an environment whose time is int nanoseconds. The core, which holds
the many small events, is run up to the next control event or to the first thing it was told to watch for, and no
further; so control sees and changes exact state at exact times.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import simpy


class Stop(NamedTuple):
    """Where a core stopped, in ns, and why: REACHED the time it was given, DRAINED (nothing left), or a watch."""

    time: int
    cause: str


REACHED = "reached"
DRAINED = "drained"


class Core(Protocol):
    """What can be advanced."""

    def advance(self, until: int) -> Stop:
        """Run every event before `until` (ns), or stop earlier at a watched condition, right after its event."""


def run(env: simpy.Environment, core: Core, end: int, watched: Callable[[str], None]) -> Stop:
    """Advance control and core together to `end` (ns) or until the core has nothing left, and return where it ended.

    Control events of an instant happen before the core's. `watched` is called with the cause when the core stops at a
    watched condition; it may trigger SimPy events, which happen at that very instant.
    """
    while True:
        due = min(int(env.peek()) if env.peek() != float("inf") else end, end)
        stop = core.advance(due)
        if stop.cause == REACHED:
            if due >= end:
                return Stop(end, REACHED)
            _step_through(env, due)
        elif stop.cause == DRAINED:
            return stop
        else:
            env.run(until=env.timeout(stop.time - env.now))
            watched(stop.cause)
            _step_through(env, stop.time)


def _step_through(env: simpy.Environment, instant: int) -> None:
    """Process every control event of one instant."""
    while env.peek() == instant:
        env.step()
