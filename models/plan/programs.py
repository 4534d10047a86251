"""The way of a request through the services, as a table that both engines walk: `program[service, op, step]`.

A program begins with CPU, when a worker has taken the request, and ends with ANSWER, when the worker is free again. A
step that fails ends it: what is left of it is not done, and the answer is the failure. There are no loops and no
conditions: whatever needs one is a handler of its own part.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.vocabulary.operations import OPS, Op
from models.vocabulary.places import SERVICES, Place
from models.vocabulary.verbs import Verb, Whom


class Step(NamedTuple):
    """What a service does, and whom it asks: a `Whom` after REDIS, a `Place` after CALL."""

    verb: Verb
    argument: int = 0


STEP = np.dtype([("verb", "i8"), ("argument", "i8")])
"""A step, as compiled code reads it."""
NO_STEP = -1
"""The verb behind the end of a program, and of one that no service has: an engine stops at it."""
Programs = Mapping[Place, Mapping[Op, tuple[Step, ...]]]


def _asks(whom: Whom) -> tuple[Step, ...]:
    return Step(Verb.CPU), Step(Verb.REDIS, whom), Step(Verb.ANSWER)


GATEWAY_ADMISSION: Programs = {
    Place.GATEWAY: {
        Op.JOIN: _asks(Whom.ROOM),
        Op.STATUS: _asks(Whom.ROOM),
        Op.ENTER: _asks(Whom.ROOM),
        Op.LEAVE: _asks(Whom.PRIMARY),  # who leaves is gone anyway
        Op.RESERVE: (Step(Verb.CPU), Step(Verb.CALL, Place.RESERVATION), Step(Verb.ANSWER)),
        Op.STATUS_READ: _asks(Whom.READER),
        Op.READINESS: _asks(Whom.PINGED),
        Op.LIVENESS: (Step(Verb.CPU), Step(Verb.ANSWER)),
    }
}
"""The talk's: people come through the gateway, and whom it has admitted may reserve."""
ARCHITECTURES: Mapping[str, Programs] = {"gateway_admission": GATEWAY_ADMISSION}


def program_table(programs: Programs) -> NDArray[np.void]:
    """Return programs for both engines, STEP[services, operations, steps]. ValueError for one that none can walk."""
    longest = max(len(steps) for by_op in programs.values() for steps in by_op.values())
    table = np.full((SERVICES, OPS, longest), np.array((NO_STEP, 0), STEP))
    for service, by_op in programs.items():
        for op, steps in by_op.items():
            verbs = [step.verb for step in steps]
            if verbs[:1] != [Verb.CPU] or verbs[-1:] != [Verb.ANSWER] or verbs.count(Verb.ANSWER) > 1:
                raise ValueError(f"the program of {service.name} for {op.name} must be CPU, steps, ANSWER")
            table[service, op, : len(steps)] = np.array(list(steps), STEP)
    return table


def asks_once(program: NDArray[np.void]) -> bool:
    """Tell whether whatever a node answers is the answer: no service does anything with it but to pass it on."""
    verbs = program["verb"]
    behind_redis = verbs[..., 1:][verbs[..., :-1] == Verb.REDIS]
    return bool((behind_redis == Verb.ANSWER).all())
