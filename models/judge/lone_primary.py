"""What a shard without a replica puts at risk: nothing of its line survives it, which no run without a fault shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.judge.apart import line_shares
from models.judge.limit import in_line
from models.judge.wording import number

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario


def places_at_risk(result: RunResult) -> float:
    """Return how many places the shard with most people held at the fullest second, lines taken for as their shares."""
    return float(in_line(result).max()) * max(line_shares(result.facts))


def without_replica(result: RunResult, scenario: Scenario) -> str | None:
    """Return what the death of a primary would take with it; None where it has a replica, or has died in this run."""
    if scenario.redis.replicas_per_shard > 0 or result.facts["failovers"]:
        return None
    places, shards = number(places_at_risk(result)), scenario.redis.shards
    if shards == 1:
        text = "The shard has no replica: if its primary dies"
    else:
        text = f"None of {number(shards)} shards has a replica: if a primary dies"
    return f"{text}, the whole line that it holds is lost, here up to {places} places. This run does not try it."
