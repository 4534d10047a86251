"""Entries and parts: what is compiled when, and that it calculates the same."""

from typing import Any, cast

import numba
import numpy as np
import pytest

from sim.jit import compiled, inlined, merged, unlocked


@compiled
def triangle(n: int) -> int:
    """The sum of the integers up to n."""
    total = 0
    for k in range(1, n + 1):
        total += k
    return total


@inlined
def at_least(value: int, least: int) -> int:
    return max(value, least)


@merged
def doubled(value: int) -> int:
    return 2 * value


@compiled
def both(a: int, b: int) -> int:
    return triangle(a) + at_least(b, 3) + doubled(b)


@compiled
def refused(value: int) -> int:
    if value < 0:
        raise ValueError("a negative value")
    return value


@unlocked
def total_of(values: Any) -> int:
    total = 0
    for value in values:
        total += refused(value) + triangle(2) + triangle(np.int8(3))
    return total


def parts(function: object) -> list[str]:
    return [str(args) for args in cast(Any, function).parts]


def entries(function: object) -> int:
    return len(cast(Any, function).signatures)


def test_an_entry_gives_what_python_gives() -> None:
    for a, b in ((0, 0), (5, 2), (10, 7)):
        assert both(a, b) == a * (a + 1) // 2 + max(b, 3) + 2 * b


def test_only_what_python_calls_is_an_entry() -> None:
    assert both(5, 2) == 22
    assert (entries(both), entries(at_least)) == (1, 0)


def test_a_function_can_be_both_an_entry_and_a_part() -> None:
    assert both(5, 2) == 22
    assert triangle(4) == 10
    assert parts(triangle) == ["(int64,)"]
    assert entries(triangle) == 1


def test_all_compiled_callers_share_one_version() -> None:
    assert total_of(np.array([1, 2], np.int32)) == 21
    assert total_of(np.array([1, 2], np.int16)) == 21
    assert parts(refused) == ["(int64,)"]
    assert parts(triangle) == ["(int64,)"]


def test_a_function_that_numba_compiles_by_itself_may_call_a_part_with_all_that_it_reaches() -> None:
    @numba.njit
    def outside(n: int) -> int:
        return both(n, 2) + at_least(n, 3)

    assert outside(5) == 22 + 5


def test_an_error_in_a_part_reaches_python() -> None:
    with pytest.raises(ValueError, match="a negative value"):
        total_of(np.array([1, -2]))
