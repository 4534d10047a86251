"""Programs: the table is the architecture, written down by hand here, and none is let in that no service could walk."""

import numpy as np
import pytest

from models.plan.programs import ARCHITECTURES, NO_STEP, Step, asks_once, program_table
from models.vocabulary.operations import Op
from models.vocabulary.places import Place
from models.vocabulary.verbs import Verb, Whom

CPU, ANSWER = Step(Verb.CPU), Step(Verb.ANSWER)
ROOM = Step(Verb.REDIS, Whom.ROOM)


def of_one(*steps: Step) -> np.ndarray:
    return program_table({Place.GATEWAY: {Op.STATUS: steps}})


def test_people_go_through_the_gateway_to_the_room_and_then_to_the_reservation():
    """As in the talk: the gateway asks the waiting room for whoever waits, the service behind for whoever is let in."""
    table = program_table(ARCHITECTURES["gateway_admission"])
    words = {
        op: [(Verb(verb).name, argument) for verb, argument in table[Place.GATEWAY, op].tolist() if verb != NO_STEP]
        for op in (Op.JOIN, Op.STATUS, Op.ENTER, Op.RESERVE)
    }
    for op in (Op.JOIN, Op.STATUS, Op.ENTER):
        assert words[op] == [("CPU", 0), ("REDIS", Whom.ROOM), ("ANSWER", 0)]
    assert words[Op.RESERVE] == [("CPU", 0), ("CALL", Place.RESERVATION), ("ANSWER", 0)]
    assert (table["verb"][Place.GATEWAY, Op.EXPIRE] == NO_STEP).all()


@pytest.mark.parametrize("steps", [(), (ANSWER,), (CPU,), (ROOM, ANSWER), (CPU, ROOM), (CPU, ANSWER, ROOM, ANSWER)])
def test_a_program_begins_with_a_worker_and_ends_with_one_answer(steps):
    with pytest.raises(ValueError, match="GATEWAY for STATUS must be CPU, steps, ANSWER"):
        of_one(*steps)


@pytest.mark.parametrize(
    ("steps", "once"),
    [
        ((CPU, ANSWER), True),
        ((CPU, CPU, ROOM, ANSWER), True),
        ((CPU, ROOM, ROOM, ANSWER), False),
        ((CPU, ROOM, CPU, ANSWER), False),
        ((CPU, ROOM, Step(Verb.CALL, Place.RESERVATION), ANSWER), False),
    ],
)
def test_a_service_asks_once_if_it_does_nothing_with_the_answer(steps, once):
    assert asks_once(of_one(*steps)) is once
