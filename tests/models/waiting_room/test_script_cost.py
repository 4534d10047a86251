"""The bill of a changed script: what it adds, and that it never takes back more than was called and paid."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.redis_costs.commands import FREE_LEVELS, Command, call_cost_ns
from models.results.ceiling import status_request_ns
from models.scenario import ExtraCall, load_scenario
from models.waiting_room.reference_cost import Bill
from models.waiting_room.script_cost import changed_ns, swing_ns
from sim.errors import BadInput
from tests.models.recordings import planned

COST_NS = np.random.default_rng(3).integers(1, 1 << 30, (len(Command), 6))
COST_NS[:, FREE_LEVELS] = 2048


def entry(command: str, calls: int, on: str = "none", elements: int = 1) -> ExtraCall:
    return ExtraCall(operation="status", command=command, on=on, elements=elements, calls=calls)


@given(
    st.lists(st.tuples(st.sampled_from(["ZADD", "ZRANK", "HMGET"]), st.integers(1, 3), st.integers(0, 10**6))),
    st.lists(
        st.tuples(st.sampled_from(["ZADD", "ZRANK", "GET"]), st.integers(-5, 5).filter(bool), st.integers(0, 10**6))
    ),
)
def test_no_change_makes_a_bill_negative_or_leaves_the_cost_of_calls_that_are_not_made(called, changes):
    bill = Bill(COST_NS)
    for command, elements, members in called:
        bill.call(Command[command], elements, members)
    for command, calls, members in changes:
        bill.change(entry(command, calls), members)
        made, cost_ns, again_ns = bill.by_command[Command[command]]
        assert made >= 0
        assert 0 <= again_ns <= cost_ns
        assert made > 0 or cost_ns == 0
    calls, costs, repeated = zip(*bill.by_command.values(), strict=True) if bill.by_command else ((), (), ())
    assert bill.commands == sum(calls)
    assert 0 <= bill.write_ns <= bill.cost_ns == sum(costs)
    assert bill.repeated_ns == sum(repeated)


@given(st.integers(1, 20), st.integers(0, 10**9), st.integers(0, 20), st.integers(0, 10**9))
def test_calls_added_can_be_taken_back(calls, price_ns, made, paid_ns):
    added, cost_ns = changed_ns(calls, price_ns, made, paid_ns)
    assert (added, cost_ns) == (calls, calls * price_ns)
    back = changed_ns(-calls, price_ns, made + added, paid_ns + cost_ns)
    assert back == (-added, -cost_ns if made else -(paid_ns + cost_ns))


def test_what_a_script_did_not_get_to_cannot_be_saved():
    bill = Bill(COST_NS)
    bill.call(Command.ZRANK, 1, 500)
    before = bill.cost_ns
    bill.change(entry("ZADD", -1, on="seen"), 500)
    assert (bill.cost_ns, bill.commands, bill.write_ns) == (before, 1, 0)


def test_one_call_of_two_is_taken_back_at_its_own_price():
    bill = Bill(COST_NS)
    bill.call(Command.ZADD, 1, 0)
    bill.call(Command.ZADD, 1, 300_000)
    bill.change(entry("ZADD", -1, on="seen"), 300_000)
    assert bill.cost_ns == bill.write_ns == call_cost_ns(COST_NS, Command.ZADD, 1, 0)


def test_calls_of_a_command_that_was_called_before_are_repeated():
    price_ns = call_cost_ns(COST_NS, Command.ZCOUNT, 1, 0)
    bill = Bill(COST_NS)
    bill.call(Command.ZRANK, 1, 500)
    bill.change(entry("ZCOUNT", 3), 0)
    assert bill.repeated_ns == 2 * price_ns
    bill.change(entry("ZCOUNT", 10), 0)
    assert bill.repeated_ns == 12 * price_ns
    bill.change(entry("ZCOUNT", -3), 0)
    assert bill.repeated_ns == 9 * price_ns
    bill.change(entry("ZCOUNT", -10), 0)
    assert bill.repeated_ns == 0
    bill.change(entry("ZCOUNT", 1), 0)
    assert bill.repeated_ns == 0
    bill.call(Command.ZRANK, 1, 500)
    assert bill.repeated_ns == call_cost_ns(COST_NS, Command.ZRANK, 1, 500)


def test_a_new_member_meets_warm_caches_and_one_that_is_there_does_not():
    new, present = Bill(COST_NS), Bill(COST_NS)
    new.call(Command.ZADD, 3, 0)
    present.call(Command.ZADD, 3, 300_000)
    assert new.repeated_ns == new.cost_ns == call_cost_ns(COST_NS, Command.ZADD, 3, 0)
    assert present.repeated_ns == 0
    new.call(Command.ZRANK, 1, 0)
    assert new.repeated_ns < new.cost_ns


def test_two_runs_that_list_keys_take_as_long_together_as_twice_their_mean():
    first, second = (swing_ns(COST_NS, 4_000, 287, odd) for odd in (0, 1))
    assert first + second == 0
    assert second == call_cost_ns(COST_NS, Command.KEYS, 1, 4_000) * 287 // 1024
    assert swing_ns(COST_NS, 4_000, 0, 1) == 0


def test_any_command_but_keys_can_be_called_more():
    assert set(get_args(ExtraCall.model_fields["command"].annotation)) == {c.name for c in Command} - {"KEYS"}


@pytest.mark.parametrize("on", ["none", "line", "called", "seen"])
def test_the_ceiling_of_a_shard_falls_with_what_its_status_calls_more(on):
    plain, changed = (
        planned(f"waiting_room.extra_calls=[{{operation: status, command: ZCOUNT, on: {on}, calls: {calls}}}]")
        for calls in (1, 11)
    )
    walked = {"none": 0, "called": min(4000, plain.rules[0].call_window)}.get(on, 4000)
    price_ns = call_cost_ns(plain.params.redis.costs.calls, Command.ZCOUNT, 1, walked)
    assert status_request_ns(changed, 4000) - status_request_ns(plain, 4000) == 10 * price_ns


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{operation: status, command: KEYS, calls: 1}", "waiting_room.extra_calls.0.command: 'KEYS' is not allowed"),
        ("{operation: status, command: ZADD, calls: 0}", "waiting_room.extra_calls.0.calls: 0 is not allowed"),
        ("{operation: status, command: ZADD, calls: 1.5}", "waiting_room.extra_calls.0.calls: 1.5 is not allowed"),
        ("{operation: reserve, command: ZADD, calls: 1}", "waiting_room.extra_calls.0.operation: 'reserve' is not"),
        ("{operation: join, command: ZADD, calls: 1, elements: 0}", "waiting_room.extra_calls.0.elements: 0 is not"),
        ("{operation: join, command: ZADD, calls: 1, on: pass}", "waiting_room.extra_calls.0.on: 'pass' is not"),
        ("{operation: join, command: ZADD, calls: 1, time: 3}", "waiting_room.extra_calls.0.time: unknown key"),
        ("{operation: join, command: ZADD}", "waiting_room.extra_calls.0.calls: missing"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_in_one_line(entry, told):
    with pytest.raises(BadInput) as caught:
        load_scenario("onsale-small", [f"waiting_room.extra_calls=[{entry}]"])
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)
