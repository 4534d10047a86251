"""What the pods of a run had to do, and whether they were there: said as far as the series can tell."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.judge.finding import Finding, Severity, bad
from models.judge.gateway_load import LOAD_S, first_more, load_cores, pods_needed
from models.judge.limit import FULL, per_second
from models.judge.limits import busy_by_shard
from models.judge.wording import clock, number, plural

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario


def scaling(result: RunResult, scenario: Scenario, broken: Collection[str]) -> Finding:
    """Whether pods came in time, for how long nobody was ready, and when readiness asked a Redis that had no time."""
    ready = per_second(result, "pods_ready")
    load = load_cores(result, scenario)
    short, needed = load > ready * scenario.gateway.cpu_cores, pods_needed(load, scenario)
    more = first_more(ready)
    text = f"{plural(ready[0], 'pod')} ready at the start, {number(ready.max())} at most"
    text += "; " if more is None else f", the first of the others after {clock(more)}; "
    text += f"up to {plural(result.series['nodes'].max(), 'node')}."
    none = int(((ready == 0) & (load > 0)).sum())
    if none:
        text += f" For {clock(none)} nobody was ready while requests came."
    text += _short_text(float((short & (ready > 0)).sum()), needed, ready)
    unready, asked = _unready(result)
    if asked:
        text += f" Up to {number(unready)} ran unready while the Redis that readiness asks had no time or was dead."
    wrong = bool(short.any()) or asked
    levels = ("error_percent", "status_p99_ms", "unserved_percent")
    return Finding("Scaling", text, bad(broken, *levels) if wrong else Severity.GOOD)


def _short_text(short_s: float, needed: int, ready: NDArray[np.float64]) -> str:
    """For how long the load took more CPU than the pods that were ready had, and how many would have had it."""
    if not short_s:
        return f" By CPU alone about {plural(needed, 'pod')} would do."
    text = f" For {clock(short_s)} the load, retries included, took more CPU than those ready had"
    if needed > ready[0]:
        return f"{text}: for its highest {LOAD_S} s about {plural(needed, 'pod')} must be warm (by CPU, not simulated)."
    return f"{text}; by CPU alone about {plural(needed, 'pod')} would do."


def _unready(result: RunResult) -> tuple[float, bool]:
    """Return how many pods ceased to be ready while an engine thread was full or a primary dead, and whether any did.

    They are fewer than before that began, and no fewer run. Pods that start or end are unready as well, whatever Redis
    does: the series of pods alone tells no cause.
    """
    seconds = result.series.index.to_numpy()
    troubled = (busy_by_shard(result) >= FULL).any(axis=1)
    for failover in result.facts["failovers"]:
        troubled |= (seconds >= failover["at_s"]) & (seconds < failover["known_to_all_s"])
    running, ready = per_second(result, "pods_running"), per_second(result, "pods_ready")
    lost, before = 0.0, (running[0], ready[0])
    for ran, were_ready, wrong in zip(running.tolist(), ready.tolist(), np.asarray(troubled).tolist(), strict=True):
        if not wrong:
            before = (ran, were_ready)
        elif ran >= before[0]:
            lost = max(lost, float(before[1] - were_ready))
    return lost, lost > 0
