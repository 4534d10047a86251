"""What a processor at another speed makes of a profile's costs.

Neighbours slow a core down, and they slow down what lies behind its caches. Two yardsticks tell how much
(`real_adapter.measure.yardstick`), and three exponents, which are fitted with the costs (`real_adapter.fit.problem`),
what follows: work takes core^p memory^q as long, and what cold caches add to it memory^r.
"""

import math

from models.redis_costs.profile import Profile
from models.redis_costs.scale import log_factor
from real_adapter.measure.yardstick import Speed


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
