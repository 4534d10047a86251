"""The CPU that requests take in the gateway, and the pods that would have had it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.judge.limit import per_second
from models.results.node_use import trailing_means
from models.vocabulary.operations import ENDPOINTS

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

LOAD_S = 10
"""Seconds over which load is compared with what the pods can take: one busy second only queues."""


def demand_cores(result: RunResult, scenario: Scenario) -> NDArray[np.float64]:
    """Return the cores that the requests of every second take, served or not, retries included.

    What an edge refuses takes none.
    """
    demand = np.zeros(len(result.series))
    for endpoint in ENDPOINTS:
        come = per_second(result, f"sent_{endpoint}")
        if scenario.edge is not None:
            come = come - per_second(result, f"refused_{endpoint}")
        demand += come * getattr(scenario.gateway.cpu_us, endpoint) / 1e6
    return demand


def load_cores(result: RunResult, scenario: Scenario) -> NDArray[np.float64]:
    """Return the mean of those cores over the LOAD_S up to every second."""
    return trailing_means(demand_cores(result, scenario), LOAD_S)


def pods_needed(load: NDArray[np.float64], scenario: Scenario) -> int:
    """Return how many pods have the CPU of the highest *load*, in cores."""
    return math.ceil(float(load.max()) / scenario.gateway.cpu_cores)


def first_more(ready: NDArray[np.float64]) -> int | None:
    """Return the second in which more pods are *ready* than at the start; None if that never is."""
    more = (ready > ready[0]).nonzero()[0]
    return int(more[0]) if more.size else None


def pods_by_second(result: RunResult, scenario: Scenario) -> NDArray[np.float64]:
    """Return the pods that ran in every second, at its begin or its end, at least one."""
    if scenario.autoscaling is None:
        return np.full(len(result.series), float(scenario.gateway.pods))
    at_end = per_second(result, "pods_running")
    return np.maximum(np.maximum(at_end, np.concatenate([[float(scenario.gateway.pods)], at_end[:-1]])), 1.0)
