"""What instance types hold and cost: requests that fit, capacity on demand or spot, and its price."""

from dataclasses import dataclass
from typing import Literal

from models.catalogues.ec2_nodes import Ec2Node

SPOT_PRICE_SHARE = 0.58
"""Spot price over on-demand price of a type whose spot price is not known: as for m7g.large and m7g.xlarge."""

Capacity = Literal["on_demand", "spot"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What pods request: millicores, MiB, and places."""

    milli: int = 0
    mib: int = 0
    pods: int = 0

    def __add__(self, other: "Demand") -> "Demand":
        return Demand(self.milli + other.milli, self.mib + other.mib, self.pods + other.pods)


def price_usd(kind: Ec2Node, capacity: Capacity) -> float:
    """Return what an instance type costs per hour."""
    if capacity == "on_demand":
        return kind.on_demand_usd
    return kind.spot_usd if kind.spot_usd is not None else kind.on_demand_usd * SPOT_PRICE_SHARE


def fits(kind: Ec2Node, demand: Demand) -> bool:
    """Tell whether an instance type has room for this much, daemons included."""
    return (
        demand.milli <= kind.allocatable_milli and demand.mib <= kind.allocatable_mib and demand.pods <= kind.max_pods
    )
