"""What a call costs: the logarithm against the real one, and each term of the cost on its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.redis_costs.commands import COLUMNS, WRITES, Command, call_cost_ns, log2_1024


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2**40))
def test_the_logarithm_is_at_most_0_087_low_and_never_high(x):
    assert 0 <= np.log2(x) - log2_1024(x) / 1024 < 0.0861 + 1 / 1024


@pytest.mark.parametrize("exponent", [0, 1, 5, 10, 11, 20, 40])
def test_the_logarithm_is_exact_at_powers_of_two(exponent):
    assert log2_1024(2**exponent) == exponent * 1024


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**9))
def test_the_logarithm_grows(x):
    assert log2_1024(x) <= log2_1024(x + 1)


def table(command: Command, *costs_ns: int) -> np.ndarray:
    costs = np.zeros((len(Command), len(COLUMNS)), np.int64)
    costs[command, : len(costs_ns)] = costs_ns
    return costs


def test_a_call_costs_its_overhead_its_elements_and_their_walks():
    costs = table(Command.ZADD, 500, 30, 100, 0)
    assert call_cost_ns(costs, Command.ZADD, 0, 0) == 500
    assert call_cost_ns(costs, Command.ZADD, 1, 0) == 530  # nothing to walk in an empty set
    assert call_cost_ns(costs, Command.ZADD, 1, 1023) == 530 + 10 * 100
    assert call_cost_ns(costs, Command.ZADD, 3, 1023) == 500 + 3 * (30 + 10 * 100)
    assert call_cost_ns(costs, Command.ZREM, 3, 1023) == 0


def test_levels_that_are_free_cost_nothing():
    costs = table(Command.ZADD, 500, 30, 100, 0, 0, 9 * 1024)
    assert call_cost_ns(costs, Command.ZADD, 2, 0) == call_cost_ns(costs, Command.ZADD, 2, 511) == 560
    assert call_cost_ns(costs, Command.ZADD, 2, 1023) == 560 + 2 * 100


def test_keys_pays_for_every_key_of_the_node():
    costs = table(Command.KEYS, 2_000, 0, 0, 125)
    assert call_cost_ns(costs, Command.KEYS, 1, 100_000) == 2_000 + 12_500_000


def test_a_keyspace_beyond_the_caches_costs_more_for_every_key_of_it():
    costs = table(Command.KEYS, 2_000, 0, 0, 125, 80, 14 * 1024)
    assert call_cost_ns(costs, Command.KEYS, 1, 2**14 - 1) == 2_000 + 125 * (2**14 - 1)
    assert call_cost_ns(costs, Command.KEYS, 1, 2**15 - 1) == 2_000 + (125 + 80) * (2**15 - 1)
    assert call_cost_ns(costs, Command.KEYS, 1, 2**18 - 1) == 2_000 + (125 + 4 * 80) * (2**18 - 1)
    assert call_cost_ns(costs, Command.KEYS, 1, 50_000_000) > 0  # no overflow with the most keys a run can have


def test_the_rows_of_a_cost_table_keep_their_order():
    names = "HMGET HSET HINCRBY TIME ZADD ZREM ZRANK ZSCORE ZCARD ZPOPMIN ZRANGEBYSCORE SET KEYS XLEN XADD EXPIRE"
    names += " GET HGET EXISTS INCR ZCOUNT ZRANGE"
    assert [command.name for command in Command] == names.split()
    assert [int(command) for command in Command] == list(range(22))


def test_replicas_repeat_what_redis_documents_as_writes():
    """The flags of `COMMAND INFO`: write, or readonly (and TIME: neither)."""
    reading = "HMGET TIME ZRANK ZSCORE ZCARD ZRANGEBYSCORE KEYS XLEN GET HGET EXISTS ZCOUNT ZRANGE"
    assert [command.name for command in Command if not WRITES[command]] == reading.split()
