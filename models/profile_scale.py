"""What a factor makes of a profile: a slower processor, another node type, or another reading of what was published.

Costs go with the factor, and so do draws that replace them; a draw that is a factor on costs is one on the new ones.
"""

import math
from collections.abc import Callable
from types import MappingProxyType

from models.profile import Profile
from models.profile_parts import ENGINE_CPU_TIMES, Draws

SLOWNESS = ("near_slow", "far_slow")
"""Of the engine's costs those that say how much slower work is on cold caches: a ratio to the work."""
RATIOS = MappingProxyType(dict.fromkeys((*(f"engine.{name}" for name in SLOWNESS), "engine.listing_swing"), 1.0))
"""Costs by dotted path that are no time."""


def log_factor(path: str, work: float, cold: float) -> float:
    """Return the logarithm of the factor on the cost at a dotted *path*.

    *work* is that on all CPU time, *cold* that on what cold caches add. Time that passes has none.
    """
    kind, _, name = path.partition(".")
    if kind == "engine" and name in SLOWNESS:
        return cold - work
    return work if kind != "engine" or name in ENGINE_CPU_TIMES else 0.0


def scaled(profile: Profile, factor: float) -> Profile:
    """Return *profile* with all its CPU times times *factor*. ValueError if that is beyond what a profile may hold."""
    log = math.log(factor)
    return profile.times(lambda path: math.exp(log_factor(path, log, log)))


def dilated(profile: Profile, factor: float) -> Profile:
    """Return *profile* as it is of an engine thread that meets its load *factor* times more slowly, its draws too.

    Every time of the mechanism is *factor* times as long, so it is as busy at 1/*factor* of the rate as it was before.
    KEYS keeps its costs per key: no published load tells of them. ValueError as `scaled`.
    """

    def of(path: str) -> float:
        return 1.0 if path in RATIOS or path.startswith("commands.KEYS.per_key") else factor

    return profile.times(of).model_copy(update={"draws": draws_times(profile.draws, of)})


def draws_times(draws: Draws, factor: Callable[[str], float]) -> Draws:
    """Return *draws* with each cost that they put in place times the *factor* of its path.

    What ends with ".*" is a factor on costs, which have been scaled already, and stays.
    """
    factors = [1.0 if path.endswith(".*") else factor(path) for path in draws.parameters]
    rows = (tuple(float(f"{v * f:.6g}") for v, f in zip(row, factors, strict=True)) for row in draws.values)
    return Draws(parameters=draws.parameters, values=tuple(rows))
