"""How lucky the names of events are: the hash of each decides on which shard it falls, and so which one is hot."""

from __future__ import annotations

from collections import Counter

from models.judge.cautions import chance_of
from models.judge.wording import number, plural
from models.ledger.evidence import Evidence
from models.plan.hash_slots import shard_of, slot_of
from models.scenario import Scenario


def first_to_give_way(run: Evidence) -> str | None:
    """Say what is exhausted first in the first run (see `in_first`); None if nothing is.

    Where names are drawn with the seed, which of the shards it is in the one that was looked at says nothing.
    """
    first = run.limits[0]
    if not first.bound:
        return None
    luck = first.key == "engine" and run.scenario.waiting_room.event_tags_drawn
    return "an engine thread" if luck else f"the {first.name}"


def in_first(run: Evidence) -> str:
    """Say of how many runs what is exhausted is of the first: that of the others is not looked at."""
    return "in the run" if run.n == 1 else f"in the first of {run.n} runs"


def most_on_a_shard(scenario: Scenario) -> int:
    """Return how many events fall on the fullest shard. ValueError if their names are not given."""
    tags = scenario.waiting_room.event_tags
    if tags is None:
        raise ValueError(f"{scenario.name} does not name its events")
    return max(Counter(shard_of(slot_of(f"{{{tag}}}"), scenario.redis.shards) for tag in tags).values())


def luck_text(scenario: Scenario) -> str:
    """Say how the names fall, and how often names by chance would fall no worse."""
    most, events, shards = most_on_a_shard(scenario), scenario.waiting_room.events, scenario.redis.shards
    chance = 100 * chance_of(events, shards, most)
    return (
        f"The names put at most {plural(most, 'event')} on one of {plural(shards, 'shard')}; names by chance do no "
        f"worse in {number(chance)} % of cases."
    )
