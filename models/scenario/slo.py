"""The limits a run is judged by."""

from pydantic import Field

from models.scenario.base import Section

CLOUDWATCH = "source: AWS ElastiCache user guide, 'Which metrics should I monitor?'"


class Slo(Section):
    """The limits a run is judged by."""

    mean_wait_s: float = Field(
        300,
        gt=0,
        le=86_400,
        description="mean wait of everybody at most, seconds; until let in or told that the seats are gone; those who "
        "give up or still wait at the end count with as long as they waited (the talk)",
    )
    unserved_percent: float = Field(
        5,
        ge=0,
        le=100,
        description="people at most who are neither let in nor told that the seats are gone: they give up, or still "
        "wait at the end of the run, percent (assumption)",
    )
    status_p99_ms: float = Field(
        1000,
        gt=0,
        le=3_600_000,
        description="99th percentile of the status latency at most, ms; a request that fails counts as longer than "
        "any answer (assumption)",
    )
    error_percent: float = Field(1, ge=0, le=100, description="failed requests in percent at most (the talk)")
    engine_cpu_percent: float = Field(
        90,
        gt=0,
        le=100,
        description=f"60 s mean of the busiest engine thread at most, percent ({CLOUDWATCH})",
    )
    oversold: int = Field(0, ge=0, le=10_000_000, description="seats sold twice at most (the talk)")
