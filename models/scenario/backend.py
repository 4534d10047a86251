"""The section `backend`: the services that sell the seats."""

from pydantic import Field

from models.scenario.base import Section

BACKEND = "source: traffic-tacos reservation-api and inventory-api repositories, October 2025"


class Backend(Section):
    """The reservation service as one station; servers = max(1, round(capacity x service time))."""

    reservation_capacity_rps: float = Field(
        3000, gt=0, le=1_000_000, description="reservations per second it can do (the talk's load test)"
    )
    reservation_service_ms: float = Field(
        20, gt=0, le=60_000, description="mean service time in milliseconds (assumption)"
    )
    reservation_sigma: float = Field(
        0.5, ge=0, le=3, description="lognormal shape of the service time, its mean kept (assumption)"
    )
    writes_per_order: float = Field(
        7, ge=0, le=1000, description=f"DynamoDB writes to hold, confirm and commit one order ({BACKEND})"
    )
    reads_per_order: float = Field(
        3, ge=0, le=1000, description=f"DynamoDB reads to confirm and commit one order ({BACKEND})"
    )
    writes_per_refusal: float = Field(
        1,
        ge=0,
        le=1000,
        description="DynamoDB writes of a reservation that finds no seat; a failed conditional write is billed "
        "(source: AWS DynamoDB developer guide)",
    )

    @property
    def servers(self) -> int:
        """Return how many reservations are served at the same time."""
        return max(1, round(self.reservation_capacity_rps * self.reservation_service_ms / 1000))
