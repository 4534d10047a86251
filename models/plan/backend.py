"""The reservation service."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.quantiles import lognormal_of_mean
from models.scenario import Scenario


class BackendParams(NamedTuple):
    """So many `servers`, an order of `seats_per_order` each; `service_time` int64[2050] is a quantile table in ns."""

    servers: int
    seats_per_order: int
    service_time: NDArray[np.int64]


def backend_params(scenario: Scenario) -> BackendParams:
    """Return the reservation service of a scenario."""
    backend = scenario.backend
    return BackendParams(
        servers=backend.servers,
        seats_per_order=scenario.event.seats_per_order,
        service_time=lognormal_of_mean(backend.reservation_service_ms * 1e6, backend.reservation_sigma),
    )
