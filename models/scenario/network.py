"""The section `network`: delays between zones, and to clients."""

from pydantic import Field

from models.scenario.base import LognormalMs, Section


class Network(Section):
    """Delays between client, pod and Redis node, one way."""

    client_one_way: LognormalMs = Field(
        LognormalMs(median_ms=15, sigma=0.6),
        description="client to gateway, drawn once per client (assumption)",
    )
    client_jitter: LognormalMs = Field(
        LognormalMs(median_ms=2, sigma=0.8), description="added to that for every packet (assumption)"
    )
    zones: int = Field(3, ge=1, le=6, description="availability zones that pods and nodes are spread over (assumption)")
    same_zone_one_way_us: float = Field(
        100, ge=0, le=1_000_000, description="pod to Redis node of its zone, microseconds (assumption)"
    )
    cross_zone_one_way_us: float = Field(
        400, ge=0, le=1_000_000, description="pod to Redis node of another zone, microseconds (assumption)"
    )
