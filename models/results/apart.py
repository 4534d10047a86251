"""What became of each event where they are unequal: who came for it, what it had to give, and how long that took."""

from __future__ import annotations

from typing import Any

from models.engine.recording import Recording
from models.plan.clients import ONSALE
from models.plan.event_shares import people_weights
from models.plan.placement import tags_of
from models.plan.plan import Plan
from models.results.people import People, people_of
from models.scenario.share_checks import are_unequal
from models.vocabulary.units import SECOND


def line_shares(plan: Plan) -> list[float]:
    """Return the share of the people who come for the events of each shard."""
    return [weight / sum(people_weights(plan.scenario)) for weight in shard_weights(plan)]


def shard_weights(plan: Plan) -> list[int]:
    """Return the weight in the people that the events of each shard have together."""
    found = [0] * plan.params.redis.shards
    for shard, weight in zip(plan.placement.event_node.tolist(), people_weights(plan.scenario), strict=True):
        found[shard] += weight
    return found


def events_apart(plan: Plan, recording: Recording) -> list[dict[str, Any]]:
    """Return a row for every event if they are unequal; none where all are equal.

    `tag`, `shard` and `people_percent` are the event's, `rate_rps` what it may admit, `seats`, `sold` and `sold_out_s`
    (None: not within the run) its stock. Of its people, None for a generated load behind which there are none: how
    many `came`, their `mean_wait_s` (at least that if `unserved_percent` of them were neither let in nor told) and how
    many went `without_seat`.
    """
    if not are_unequal(plan.scenario):
        return []
    people, weights = (
        people_of(plan, recording) if plan.params.clients.load == ONSALE else None,
        people_weights(plan.scenario),
    )
    tags = tags_of(plan.scenario, plan.params.run.starts)
    return [
        {
            "tag": tag,
            "shard": int(plan.placement.event_node[event]),
            "people_percent": 100 * weights[event] / sum(weights),
            "rate_rps": plan.rules[event].rate_micro_per_ms / 1000,
            "seats": int(plan.seats[event]),
            "sold": int(recording.sold[event]),
            "sold_out_s": _seconds(int(recording.event_sold_out_at[event])),
            **_of_people(people, event),
        }
        for event, tag in enumerate(tags)
    ]


def _of_people(people: People | None, event: int) -> dict[str, Any]:
    if people is None:
        return dict.fromkeys(("came", "mean_wait_s", "unserved_percent", "without_seat"))
    its = people.event == event
    came = int(its.sum())
    return {
        "came": came,
        "mean_wait_s": float(people.waited[its].mean()) / SECOND if came else None,
        "unserved_percent": 100 * float((~people.served[its]).mean()) if came else None,
        "without_seat": came - int(people.bought[its].sum()),
    }


def _seconds(at: int) -> float | None:
    return at / SECOND if at >= 0 else None
