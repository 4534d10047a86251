"""What a failover did: how long a shard served nobody, what was lost with its primary, when the line moved again."""

from collections.abc import Iterator
from typing import Any

from models.engine.record import Column
from models.engine.recording import Recording
from models.plan.failovers import Failover
from models.plan.plan import Plan
from models.redis.failover_timeline import learning
from models.vocabulary.units import SECOND

WINDOW_S = 10
"""Seconds over which the admissions before and after are compared."""
AS_BEFORE = 0.95
"""The line moves as before when admissions reach this share of what they were."""


def failover_kpis(plan: Plan, recording: Recording) -> Iterator[tuple[str, float | None]]:
    """Yield name and value of what the failovers of a run did; nothing if there are none. Of several, the worst.

    `outage_s` is from a death until the first pod knows the successor, `recovery_s` until admissions are what they were
    in the seconds before; None: not within the run. Lost are places taken and admissions granted that
    no replica had, also those whose client was never told. An admission is repeated if it was lost and granted again.
    """
    if plan.failovers:
        yield "faults.outage_s", _longest([_outage_s(plan, recording, failover) for failover in plan.failovers])
        yield "faults.recovery_s", _longest([_recovery_s(plan, recording, failover) for failover in plan.failovers])
        for name in ("places_lost", "places_returned", "admissions_lost", "admissions_repeated"):
            yield f"faults.{name}", float(recording.column(Column[name.upper()]).sum())


def failover_facts(plan: Plan) -> list[dict[str, Any]]:
    """Return of every failover the shard and, in seconds of the run, the death, and when the first and the last pod
    know of the successor."""
    return [
        {
            "shard": failover.shard,
            "at_s": failover.at / SECOND,
            "known_from_s": _known_at(plan, failover) / SECOND,
            "known_to_all_s": (failover.back_at + learning(plan, failover)[-1][0]) / SECOND,
        }
        for failover in plan.failovers
    ]


def _longest(times_s: list[float | None]) -> float | None:
    known = [time for time in times_s if time is not None]
    return max(known) if len(known) == len(times_s) else None


def _known_at(plan: Plan, failover: Failover) -> int:
    """Return when the first pod knows the successor, ns."""
    return failover.back_at + learning(plan, failover)[0][0]


def _outage_s(plan: Plan, recording: Recording, failover: Failover) -> float | None:
    known = _known_at(plan, failover)
    return (known - failover.at) / SECOND if known < recording.end_ns else None


def _recovery_s(plan: Plan, recording: Recording, failover: Failover) -> float | None:
    granted, died = recording.column(Column.ADMITTED_BY_BUCKET), failover.at // SECOND
    before = granted[max(0, died - WINDOW_S) : died]
    if before.sum() == 0:
        return None
    for second in range(-(-_known_at(plan, failover) // SECOND), granted.size - WINDOW_S + 1):
        if granted[second : second + WINDOW_S].mean() >= AS_BEFORE * before.mean():
            return second - failover.at / SECOND
    return None
