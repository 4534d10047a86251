"""How long people, pages and sources wait, from a uniform draw each: arithmetic of both engines."""

import math

from sim.jit import compiled, inlined


@inlined
def spread(u: float, interval: int, fraction: float) -> int:
    """Return a poll interval, uniform in [1 - fraction, 1 + fraction] x `interval`, ns."""
    return interval + math.floor(interval * fraction * (2.0 * u - 1.0) + 0.5)


@inlined
def backoff(u: float, base: int, longest: int, attempt: int) -> int:
    """Return the wait in ns before a retry: exponential with full jitter (uniform from 0), `attempt` from 0."""
    return math.floor(u * min(longest, base << min(attempt, 20)) + 0.5)


@inlined
def exponential(u: float, mean: float) -> int:
    """Return an exponential time of this mean in ns from a uniform draw."""
    return math.floor(-math.log1p(-u) * mean + 0.5)


@compiled
def next_source_time(stage_end, stage_rate, now: int, u: float) -> int:  # type: ignore[no-untyped-def]
    """Return when a Poisson source with these stages sends after `now`, or -1: never again."""
    left = -math.log1p(-u)
    begin = now
    for stage in range(stage_end.size):
        if begin >= stage_end[stage]:
            continue
        inside = stage_rate[stage] * (stage_end[stage] - begin) * 1e-9
        if left < inside:
            return begin + math.floor(left / stage_rate[stage] * 1e9 + 0.5)
        left -= inside
        begin = stage_end[stage]
    return -1
