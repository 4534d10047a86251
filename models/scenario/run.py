"""The section `run`: how long, and from which seed."""

from pydantic import Field

from models.scenario.base import Section


class Run(Section):
    """How long to simulate."""

    duration_s: float = Field(
        1800, ge=1, le=86_400, description="horizon of simulated time in seconds (the talk: a sale of 30 min)"
    )
