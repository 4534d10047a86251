"""One capacity on a request's way: how much of it was used, and since when it was exhausted.

A capacity counts as reached from the first second of three in a row at 99 % of it or more, so that one busy
second is not a finding; a refusal or a timeout counts from the first one, because it is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.results.result import RunResult

FULL = 0.99
"""Share of a capacity from which it counts as reached."""

SUSTAINED_S = 3
"""Seconds in a row at that share before it is called reached."""

PLURAL = ("connections", "pods")
"""Keys of capacities whose names are plural."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One capacity: how much of it was used at the worst second, and since when it was exhausted.

    `used_percent` is None where use cannot be read as a share (a pool is seen through those who wait for
    it); `first_s` is None if it never bound; `seconds` is how long it did, not necessarily in a row. `hard`: what comes
    beyond it is turned away by the real thing, so a run that exhausts it does not hold, whatever its service levels
    say. Where only others wait for it (an engine thread, a pool, CPU) the service levels tell whether that matters.
    """

    key: str
    name: str
    used_percent: float | None
    first_s: int | None
    seconds: int
    evidence: str
    hard: bool = False

    @property
    def fails(self) -> bool:
        """Whether the run fails for it."""
        return self.hard and self.bound

    def as_json(self) -> dict[str, float | str | bool | None]:
        """As `run --json` shows it: what was used of it, from when and for how long it was exhausted, if it fails."""
        return {
            "name": self.name,
            "used_percent": self.used_percent,
            "exhausted_from_s": self.first_s,
            "exhausted_for_s": self.seconds,
            "fails": self.fails,
            "evidence": self.evidence,
        }

    @property
    def bound(self) -> bool:
        """Whether the limit was reached at any time."""
        return self.first_s is not None

    @property
    def touched(self) -> bool:
        """Whether single seconds reached it, and never SUSTAINED_S of them in a row: no sign that anything failed."""
        return not self.bound and self.used_percent is not None and self.used_percent >= 100 * FULL

    @property
    def end_text(self) -> str:
        """Say that it came to its end: `the Redis connections are exhausted`, `the primary of shard 3 dies`."""
        return f"the {self.name} {'dies' if self.key == 'failover' else f'{self.verb} exhausted'}"

    @property
    def verb(self) -> str:
        """The verb that its name takes: `is` or `are`."""
        return "are" if self.key in PLURAL else "is"

    @property
    def since_text(self) -> str:
        """Say from when on it was exhausted, or that it never was for long enough to count."""
        if self.touched:
            return f"never for {SUSTAINED_S} s in a row"
        return "never" if self.first_s is None else f"second {self.first_s}"


def within_reach(limit: Limit, other: Limit) -> bool:
    """Whether two limits were reached so close together that seconds do not tell which came first."""
    return abs((limit.first_s or 0) - (other.first_s or 0)) < SUSTAINED_S


def first_sustained(reached: NDArray[np.bool_], in_a_row: int = SUSTAINED_S) -> int | None:
    """Index of the first of *in_a_row* consecutive true values; None if there is no such run."""
    run = 0
    for index, hit in enumerate(reached.tolist()):
        run = run + 1 if hit else 0
        if run == in_a_row:
            return index - in_a_row + 1
    return None


def per_second(result: RunResult, name: str) -> NDArray[np.float64]:
    """A column of the series as floats."""
    return result.series[name].to_numpy(float)


def in_line(result: RunResult) -> NDArray[np.float64]:
    """People with a place at the end of every second: those waiting, and those called who are not in yet."""
    return per_second(result, "waiting") + per_second(result, "called")


def second_at(result: RunResult, index: int | None) -> int | None:
    """The second of the run that a row of the series is."""
    return None if index is None else int(result.series.index[index])


def share_limit(
    result: RunResult,
    key: str,
    name: str,
    used: NDArray[np.float64],
    evidence: str,
    in_a_row: int = SUSTAINED_S,
    hard: bool = False,
    short: NDArray[np.bool_] | None = None,
) -> Limit:
    """A capacity of which the share *used* is known for every second; *short*: seconds in which it was seen to lack."""
    full = used >= FULL if short is None else (used >= FULL) | short
    first = first_sustained(full, in_a_row)
    seconds = int(full.sum()) if first is not None else 0
    return Limit(key, name, 100 * float(used.max()), second_at(result, first), seconds, evidence, hard)
