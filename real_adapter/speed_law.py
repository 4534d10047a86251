"""What a processor at another speed makes of a profile's costs.

Neighbours slow a core down, and they slow down what lies behind its caches. Two yardsticks tell how much
(`real_adapter.yardstick`), and three exponents, which are fitted with the costs (`real_adapter.fit_problem`), what
follows: work takes core^p memory^q as long, and what cold caches add to it memory^r.
"""

import math

from models.profile import Profile
from models.profile_parts import ENGINE_CPU_TIMES
from real_adapter.yardstick import Speed

SLOWNESS = ("near_slow", "far_slow")
"""Of the engine's costs those that say how much slower work is on cold caches: a ratio to the work."""


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


def at_speed(profile: Profile, speed: Speed | None) -> Profile:
    """Return *profile* with its costs at another *speed* of the processor; as it is if either speed is not known.

    By the best exponents: what is uncertain about them is in no draw.
    """
    state = profile.machine_state
    if speed is None or state is None or state.speed is None:
        return profile
    own = state.speed
    core, memory = math.log(speed.core_ns / own.core_ns), math.log(speed.memory_ns / own.memory_ns)
    work, cold = own.work_by_core * core + own.work_by_memory * memory, own.cold_by_memory * memory
    return profile.times(lambda path: math.exp(log_factor(path, work, cold)))
