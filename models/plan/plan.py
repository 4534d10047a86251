"""What a scenario, a profile and a seed come to: the numbers that both engines work with (see `models.plan.making`)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plan.failovers import Failover
from models.plan.params import Params
from models.plan.placement import Placement
from models.plan.population import Population
from models.plan.room_rules import RoomRules
from models.redis_costs.profile import Profile
from models.scenario import Scenario


@dataclass(frozen=True, eq=False)
class Plan:
    """One run, ready for either engine. `rules` are those of every event, `seats` int64[E] the stock."""

    scenario: Scenario
    profile: Profile
    seed: int
    params: Params
    population: Population
    placement: Placement
    rules: tuple[RoomRules, ...]
    seats: NDArray[np.int64]
    failovers: tuple[Failover, ...]
