"""What a fit takes a request for is what the engines bill for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.redis_costs.commands import Command
from models.redis_costs.profile import load_profile
from models.vocabulary.operations import Op
from models.waiting_room.reference_cost import Bill
from real_adapter.measure.work import IO, OWN_SCRIPT, TERMS, Calls, Traced, Work, mixed, request_work, work_of

PROFILE = load_profile("x86-valkey")
COSTS_US = {
    f"commands.{command}.{term}": value for command, cost in PROFILE.commands.items() for term, value in cost if value
}


def cost_us(counts: dict[str, float]) -> float:
    """Return what the commands among *counts* cost."""
    return sum(COSTS_US.get(path, 0.0) * count for path, count in counts.items())


def billed(calls: Calls) -> Bill:
    """Return the bill of a run that makes *calls*."""
    bill = Bill(PROFILE.cost_table())
    for call in calls:
        bill.call(*call)
    return bill


@pytest.mark.parametrize("operation", ["status", "join", "enter", "status_keys"])
def test_the_work_of_an_operation_costs_what_it_is_billed(operation: str) -> None:
    calls = list(getattr(Traced(100_000, keys=5_000), operation)())
    work, bill = request_work(operation, calls), billed(calls)
    assert cost_us(dict(work.counts)) == pytest.approx(bill.cost_ns / 1e3, rel=5e-3, abs=0.02)  # whole ns
    assert cost_us(dict(work.repeated)) == pytest.approx(bill.repeated_ns / 1e3, abs=0.02)
    assert (bill.repeated_ns > 0) == (operation in ("join", "status_keys"))
    assert work.counts[IO] == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(TERMS)), st.integers(1, 9), st.integers(0, 200_000)).filter(
            lambda call: call[1] == 1 or "element_us" in TERMS[call[0]]
        )
    )
)
def test_any_calls_are_work_that_costs_what_they_are_billed(calls: Calls) -> None:
    work, bill = work_of(calls), billed(calls)
    rounding_us = 0.002 * sum(1 + elements for _, elements, _ in calls)
    assert cost_us(dict(work.counts)) == pytest.approx(bill.cost_ns / 1e3, rel=5e-3, abs=rounding_us)
    assert cost_us(dict(work.repeated)) == pytest.approx(bill.repeated_ns / 1e3, rel=5e-3, abs=rounding_us)


def test_scripts_that_are_measured_by_themselves_are_operations() -> None:
    assert {Op[operation.upper()].name for operation in OWN_SCRIPT} == {"JOIN", "ENTER"}
    assert OWN_SCRIPT["join"] in request_work("join", []).counts
    assert "script_overhead_us" in request_work("status", []).counts


def test_a_mix_is_the_mean_of_its_parts() -> None:
    a = work_of([(Command.ZRANK, 1, 0), (Command.ZRANK, 1, 0)])
    found = mixed([(0.75, a), (0.25, Work({IO: 2.0}))])
    assert found == Work({"commands.ZRANK.call_us": 1.5, IO: 0.5}, {"commands.ZRANK.call_us": 0.75})
