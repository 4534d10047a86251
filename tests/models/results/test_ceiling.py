"""The ceiling of a primary is what it really answers when more is asked of it than it can."""

import pytest

from models.engine.record import NODES, PER_NODE, REQUESTS
from models.results.ceiling import status_request_ns
from models.vocabulary.units import SECOND
from models.waiting_room.reference_cost import Bill
from models.waiting_room.specification import WaitingRoom
from tests.models.recordings import planned
from tests.models.runs import recording_of

FLOODED = (
    "clients.count=3000",
    "clients.timeout_s=60",
    "clients.load={mode: open_loop, mix: {status: 1}, settle_s: 0, stages: [{rate_rps: 60000, duration_s: 12}]}",
    "run.duration_s=12",
    "event.opens_at_s=11.9",  # nobody is called
    "gateway.pods=60",
    "gateway.redis_pool_size=5",  # short passes, or a second has few of them
    "gateway.redis_min_idle=5",
    "gateway.redis_pool_timeout_s=60",
)


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("ladder-index", "x86-valkey"),
        ("ladder-index", "talk-m7g"),
        ("ladder-keys", "x86-measured"),
        ("ladder-keys", "talk-m7g"),
    ],
)
def test_a_flooded_primary_answers_its_ceiling(name, profile):
    plan = planned(*FLOODED, f"redis.profile={profile}", name=name)
    ceiling_rps = SECOND / status_request_ns(plan, 3000)
    hot = int(plan.placement.event_node[0])
    taken = recording_of(plan).column(NODES + PER_NODE * hot + REQUESTS)[3:11]
    assert taken.mean() == pytest.approx(ceiling_rps, rel=0.01)


@pytest.mark.parametrize("people", [1, 3, 700])
def test_it_grows_with_the_line_as_the_calls_of_a_status_do(people):
    plan = planned()
    assert plan.params.redis.costs.thread.garbage == 0

    def calls_ns(people: int) -> int:
        bill = Bill(plan.params.redis.costs.calls)
        room = WaitingRoom(plan.rules[0], bill.call, lambda token, answer, deadline_ms: None)
        for token in range(people):
            room.join(token, 0, float(token))
        joined_ns = bill.cost_ns
        room.status(people - 1, 1)
        return bill.cost_ns - joined_ns

    more_ns = calls_ns(2 * people) - calls_ns(people)
    assert more_ns > 0
    assert status_request_ns(plan, 2 * people) - status_request_ns(plan, people) == more_ns
