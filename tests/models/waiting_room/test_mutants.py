"""Each fault of the specification, the plain waiting room and the reference's nodes, is found: engines end differently.

All of them are tried with BREAKWATER_NIGHTLY=1, else every twelfth.
"""

import os
from random import Random

import pytest

from models.plan.room_rules import MICRO, RoomRules
from models.run.agreement import compare_engines
from tests.models.redis import test_failover, test_node
from tests.models.run import test_agreement
from tests.models.waiting_room import test_waiting_room_kernel as rooms
from tests.models.waiting_room.mutants import MUTANTS, Mutant, alive
from tests.models.waiting_room.test_waiting_room_kernel import Twins, random_operation

TRIED = MUTANTS if os.environ.get("BREAKWATER_NIGHTLY") else MUTANTS[::12]


def rooms_differ() -> bool:
    """Tell whether the two forms of a waiting room do, in random operations on a few people in close succession."""
    rooms.test_a_pod_whose_clock_is_behind_does_not_turn_the_bucket_back()
    rooms.test_an_operation_calls_64_places_and_the_next_one_goes_on()
    for seed in range(60):
        random, true_ms = Random(seed), 10_000
        rules = RoomRules(
            random.choice((1, 7_000, 333_333, MICRO, 5 * MICRO)),
            random.choice((MICRO, 3 * MICRO + 1, 200 * MICRO)),
            call_window=random.choice((1, 3, 12, 100)),
            call_ttl_ms=random.randrange(1, 60),
            heartbeat_ttl_ms=random.randrange(1, 120),
        )
        twins = Twins(rules, shard=(0, 1, 0) if seed % 4 else (0,), tokens=9 if seed % 4 else 150)
        for done in range(250):
            if done == 20 or (seed % 4 == 0 and done == 150):
                twins.open(true_ms)
            true_ms += random.choice((0, 0, 1, 2, 10))
            random_operation(twins, random, true_ms - random.randrange(6))
            if done % 10 == 9:
                twins.same_state()
    return False


def nodes_differ() -> bool:
    """Tell whether the nodes of both engines do, with cold caches and with networks that hold replies up."""
    narrow = test_agreement.HAPPENS["the network holds up what replicas are told"][0]
    plans = (test_node.cold_caches(), test_node.narrow(), test_agreement.plan_of(*narrow))
    return not all(compare_engines(plan) for plan in plans)


def is_found(mutant: Mutant) -> bool:
    """Tell whether a fault shows: of a room in operations on it, of a node in runs, or where a primary dies."""
    differ = nodes_differ if mutant.module == "models.redis.reference" else rooms_differ
    with alive(mutant):
        try:
            return differ() or not all(compare_engines(plan()) for plan, _ in test_failover.HAPPENS.values())
        except Exception:
            return True  # both differ at a step, or the specification cannot go on


@pytest.mark.parametrize("mutant", TRIED, ids=str)
def test_a_fault_of_the_specification_is_found(mutant):
    assert is_found(mutant)


def test_what_finds_faults_finds_none_where_there_is_none():
    assert not rooms_differ()
    assert not nodes_differ()


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_every_fault_is_one_that_can_be_tried(mutant):
    with alive(mutant):
        assert mutant.part != mutant.other
