"""Numbers of entities: enough of each for any scenario that is not refused, and no two alike in one kind of event."""

from math import sqrt
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from models.clients.state import SESSION
from models.engine.requests import SLOT
from models.plan.placement import pods_at_most
from models.plan.waiting_room import MAX_NEW_TOKENS
from models.run.compiled import KernelPlane
from models.scenario import load_scenario
from models.scenario.checks import MAX_OPEN_LOOP_REQUESTS, MAX_SESSIONS
from models.scenario.clients import Clients
from models.scenario.gateway import Gateway
from models.scenario.load_kinds import OpenLoopLoad
from models.scenario.redis import Redis
from models.scenario.waiting_room import WaitingRoom
from models.service.pod_times import LIFE_SHIFT, handshake_number
from models.service.state import POD, POOL
from models.vocabulary import instants
from models.vocabulary.instants import Kind
from models.vocabulary.operations import Answer, Op
from models.vocabulary.units import SECOND
from sim import ladder
from sim.errors import BadInput
from tests.models.recordings import planned


def most(section: type[BaseModel], name: str, bound: str = "le") -> Any:
    """The most that a setting can be, or with *bound* `max_length` the most that it can have."""
    return next(getattr(each, bound) for each in section.model_fields[name].metadata if hasattr(each, bound))


def room(row: instants.Entities) -> int:
    return row.end - row.first


def test_there_are_numbers_for_as_many_as_a_scenario_can_have():
    pods = pods_at_most(
        load_scenario(
            "autoscale-from-3",
            (
                f"gateway.pods={most(Gateway, 'pods')}",
                f"autoscaling.max_pods={most(Gateway, 'pods')}",
                "gateway.rollout.max_surge_percent=100",
            ),
        )
    )
    nodes = most(Redis, "shards") * (1 + most(Redis, "replicas_per_shard"))
    ten_deviations = 10 * sqrt(MAX_OPEN_LOOP_REQUESTS)
    assert room(instants.CLIENTS) > max(MAX_SESSIONS, MAX_OPEN_LOOP_REQUESTS + ten_deviations)
    assert room(instants.FEEDS) >= nodes
    assert room(instants.CONNECTING) >= pods * nodes
    assert room(instants.PROBES) >= 2 * pods
    assert room(instants.CONTROL) >= most(WaitingRoom, "events")
    assert most(Gateway, "redis_min_idle") < 1 << LIFE_SHIFT
    assert handshake_number(2**15 - 1, most(Gateway, "redis_min_idle")) <= instants.NUMBERS


def test_no_field_of_a_record_is_too_narrow_for_what_a_scenario_can_have():
    nodes = most(Redis, "shards") * (1 + most(Redis, "replicas_per_shard"))
    largest = {
        (SLOT, "entity"): instants.TABLE[-1].end - 1,
        (SLOT, "number"): instants.NUMBERS,
        (SESSION, "number"): instants.NUMBERS,
        (SLOT, "token"): MAX_SESSIONS + MAX_NEW_TOKENS,
        (SLOT, "node"): nodes,
        (SLOT, "stage"): most(OpenLoopLoad, "stages", "max_length"),
        (SLOT, "op"): max(Op),
        (SLOT, "answer"): max(Answer),
        (SESSION, "attempt"): most(Clients, "retries"),
        (SESSION, "person"): MAX_SESSIONS,
        (POD, "most"): most(Gateway, "worker_slots") + most(Gateway, "backlog"),
        (POOL, "open"): most(Gateway, "redis_pool_size"),
    }
    for (record, field), value in largest.items():
        assert value <= np.iinfo(record[field]).max, field


def test_the_largest_key_of_every_kind_is_a_number_of_its_own():
    last = (1 << instants.ENTITY_BITS) - 1, (1 << instants.NUMBER_BITS) - 1
    keys = [key for kind in Kind for key in (instants.event_key(kind, 0, 0), instants.event_key(kind, *last))]
    assert keys == sorted(set(keys))
    assert keys[-1] < 2**63


DAY = "run.duration_s=86400"


@pytest.mark.parametrize(
    ("scenario", "settings", "told"),
    [
        (
            "ladder-keys-closed",
            (DAY, "clients.load.think_s=0", "clients.load.stages=[{users: 3, duration_s: 86400}]"),
            "clients.load.think_s: with 0 there could be 86,400,000 requests of one user in the run; at most 67,108",
        ),
        (
            "onsale-small",
            (DAY, "clients.poll_interval_s=0.1", "clients.retries=100"),
            "clients.poll_interval_s: with 0.1 there could be 87,264,000 requests of one page in the run; at most 67,1",
        ),
        (
            "onsale-small",
            (DAY, "clients.refused_wait_s=0"),
            "clients.refused_wait_s: with 0 there could be 345,600,000 requests to enter, of one page in the run; at",
        ),
        (
            "autoscale-from-3",
            (DAY, "autoscaling.max_pods=1000", "gateway.probes.readiness.period_s=1"),
            "gateway.probes.readiness.period_s: with 1 there could be",
        ),
    ],
)
def test_whoever_could_ask_more_often_than_a_key_can_count_is_refused_in_one_line(scenario, settings, told):
    with pytest.raises(BadInput) as refused:
        load_scenario(scenario, settings)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_counts_on_for_ever_begins_anew_behind_the_last_number():
    assert [instants.turn(count) for count in (0, instants.NUMBERS, instants.NUMBERS + 1)] == [0, instants.NUMBERS, 0]


def test_an_event_of_no_known_kind_is_refused():
    plane = KernelPlane(planned("clients.count=3"))
    ladder.insert(plane.world.calendar, 2 * SECOND, instants.event_key(max(Kind) + 1, 0, 0), -1)
    with pytest.raises(RuntimeError, match="of a kind that the engine has not"):
        plane.advance(3 * SECOND)
