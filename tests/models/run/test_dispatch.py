"""Nothing falls into a last `else`: what is handed on is all there is of its kind, and anything else is counted."""

import ast
import inspect
from collections.abc import Iterable
from enum import IntEnum
from functools import reduce
from types import ModuleType

import numpy as np
import pytest

from models.engine import column_codes
from models.engine.agenda import NOTHING, new_request
from models.engine.record import Column
from models.engine.requests import CLIENT, SLOT
from models.plan.programs import ARCHITECTURES
from models.redis import scripts
from models.redis_costs import command_codes
from models.redis_costs.commands import Command
from models.run import dispatch as core
from models.run.compiled import KernelPlane
from models.service import kernel as service
from models.vocabulary import codes
from models.vocabulary.instants import Kind, event_key
from models.vocabulary.news import News
from models.vocabulary.operations import Answer, Op
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream
from models.vocabulary.units import SECOND
from models.vocabulary.verbs import Verb, Whom
from sim import ladder
from tests.models.recordings import planned

ENUMERATIONS: dict[str, type[IntEnum]] = {
    "OP": Op,
    "ANSWER": Answer,
    "KIND": Kind,
    "NEWS": News,
    "STREAM": Stream,
    "PLACE": Place,
    "VERB": Verb,
    "WHOM": Whom,
    "COMMAND": Command,
    "COLUMN": Column,
}


def branches(module: ModuleType, functions: Iterable[str], enumeration: str) -> list[str]:
    """Members that the conditions of these functions compare with, each as often as it is."""
    wanted, found = set(functions), []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.FunctionDef) and node.name in wanted:
            wanted.discard(node.name)
            tests = [branch.test for branch in ast.walk(node) if isinstance(branch, ast.If)]
            names = [name.id for test in tests for name in ast.walk(test) if isinstance(name, ast.Name)]
            found += [name.removeprefix(f"{enumeration}_") for name in names if name.startswith(f"{enumeration}_")]
    assert not wanted
    return found


@pytest.mark.parametrize("dispatch", ["_dispatch", "_dispatch_every_step"])
def test_every_kind_of_event_is_dispatched_once(dispatch):
    found = branches(core, [dispatch, "_hand_on"], "KIND")
    assert sorted(found) == sorted(kind.name for kind in Kind)


@pytest.mark.parametrize("dispatch", ["_dispatch", "_dispatch_every_step", "_hand_on"])
def test_a_kind_of_event_is_one_line_that_calls_a_handler_like_all_others(dispatch):
    """`handler(w, now, entity, number, slot)`, of a function that has these parameters."""
    (function,) = ast.parse(inspect.getsource(getattr(core, dispatch).py_func)).body
    _, branch = function.body  # behind the docstring
    kinds = 0
    while isinstance(branch, ast.If):
        (line,) = branch.body
        name, _, arguments = ast.unparse(line).partition("(")
        assert arguments == "w, now, entity, number, slot)"
        handler = inspect.signature(reduce(getattr, name.split("."), core).py_func)
        assert list(handler.parameters) == ["w", "now", "entity", "number", "slot"]
        kinds += 1
        (branch,) = branch.orelse
    assert kinds
    counted = {"_hand_on": "w.total[UNKNOWN] += 1"}
    assert ast.unparse(branch) == counted.get(dispatch, "_hand_on(w, now, kind, entity, number, slot)")


@pytest.mark.parametrize("traced", [0, 10])
def test_an_event_of_a_kind_that_is_unknown_ends_the_run(traced):
    plane = KernelPlane(planned("clients.count=3"), traced)
    ladder.insert(plane.world.calendar, 5, event_key(max(Kind) + 1, 0, 0), NOTHING)
    with pytest.raises(RuntimeError, match="is of a kind that the engine has not"):
        plane.advance(SECOND)


def test_a_node_executes_every_operation_that_is_sent_to_one():
    found = set(branches(scripts, ["execute", "_execute_rare"], "OP"))
    never_there = {Op.RESERVE.name, Op.LIVENESS.name}
    dials = {Op.CONNECT.name}  # told by the slot's `dials`
    assert found | dials == set(Op.__members__) - never_there


def test_a_pod_knows_whom_to_ask_for_every_operation_that_comes_to_one():
    never_there = {Op.EXPIRE, Op.REPLICATE, Op.CONNECT}
    for architecture, programs in ARCHITECTURES.items():
        assert set(programs[Place.GATEWAY]) == set(Op) - never_there, architecture


def test_a_service_can_do_every_verb_and_ask_everybody():
    assert sorted(branches(service, ["_next_step"], "VERB")) == sorted(Verb.__members__)
    assert set(branches(service, ["_ask_node"], "WHOM")) == set(Whom.__members__)


CODES = {**vars(codes), **vars(column_codes), **vars(command_codes)}


@pytest.mark.parametrize("name", [name for name in CODES if name.partition("_")[0] in ENUMERATIONS])
def test_a_code_is_the_member_that_it_is_named_for(name):
    enumeration, _, member = name.partition("_")
    bounds = {"FIRST_FAILURE": Answer.POOL_TIMEOUT, "FIRST_REFUSAL": Answer.BLOCKED}
    expected = bounds[member] if member in bounds else ENUMERATIONS[enumeration][member]
    assert CODES[name] == expected


def test_a_new_request_has_nothing_of_the_last_one_in_its_slot():
    plane = KernelPlane(planned("clients.count=3"))
    plane.world.requests.slot[:] = np.frombuffer(b"\x55" * SLOT.itemsize, SLOT)[0]
    given = {"sent_at": 7, "origin": CLIENT, "entity": 2, "number": 5, "op": int(Op.ENTER), "token": 1}
    slot = new_request(plane._view, *given.values())
    found = dict(zip(SLOT.names, plane.world.requests.slot[slot].tolist(), strict=True))
    assert found == dict.fromkeys(SLOT.names, 0) | given
