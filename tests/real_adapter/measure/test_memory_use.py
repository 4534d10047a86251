"""What people in line take of a server's memory: a fit that finds known costs, and a small ladder on a real server."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plan.room_rules import MICRO, RoomRules
from models.waiting_room.scripts import TOKEN_DIGITS
from real_adapter.measure.memory_use import LEAST_CLIENTS, fit_line, ladder, measure_memory
from real_adapter.room.redis_room import RedisRoom
from real_adapter.server.server import start_server
from sim.errors import BadInput

RULES = RoomRules(MICRO, 10 * MICRO, call_window=100, call_ttl_ms=60_000, heartbeat_ttl_ms=60_000)


@given(last=st.integers(5_000, 10**6))
def test_a_ladder_ends_where_it_should_and_never_stays_in_step_with_doubling(last):
    counts = ladder(last)
    assert counts[-1] == last
    assert 1_000 <= counts[0] < 1_501
    assert np.diff(np.log2(counts)) == pytest.approx(np.full(len(counts) - 1, np.log2(1.5)), abs=0.002)


@given(fixed=st.floats(1e5, 1e7), each=st.floats(50, 500))
def test_known_costs_are_found(fixed, each):
    counts = ladder(300_000)
    line = fit_line(counts, [fixed + each * count for count in counts])
    assert line.fixed == pytest.approx(fixed, rel=1e-6)
    assert line.each == pytest.approx(each, rel=1e-6)
    assert line.error_percent < 1e-6


def test_tables_that_double_are_within_the_stated_error():
    """120 bytes a member and two tables of 8 bytes a slot, as a dict's are: known to be off by half a table at most."""
    counts = ladder(300_000)
    sizes = [1e6 + 120 * n + 16 * 2 ** int(np.ceil(np.log2(n))) for n in counts]
    line = fit_line(counts, sizes)
    assert 120 + 16 < line.each < 120 + 32
    errors = 100 * np.abs((line.fixed + line.each * np.array(counts)) / sizes - 1)
    assert 0 < errors.max() <= line.error_percent < 100 * 16 / 136


@pytest.fixture(scope="module")
def model():
    with start_server() as server:
        measured = measure_memory(server, LEAST_CLIENTS)
        with server.client() as client:
            assert client.dbsize() == 0
        yield server, measured


def test_a_small_ladder_on_a_real_server_is_physically_possible(model):
    _, memory = model
    assert memory.per_index_entry_bytes > TOKEN_DIGITS + 8  # a member and its score
    assert memory.per_client_bytes == pytest.approx(2 * memory.per_index_entry_bytes, rel=0.25)
    assert memory.fixed_bytes > 100_000
    assert 0 < memory.error_percent < 50
    assert memory.clients == LEAST_CLIENTS


def test_places_taken_one_by_one_take_what_the_ladder_says(model):
    """The ladder fills the sets by itself: real joins of the Lua core must come to the same."""
    server, memory = model
    people = 2_000
    with server.client() as client:
        room = RedisRoom(client, "joined", RULES)
        for token in range(people):
            room.join(token, 1_760_000_000_000, float(1_760_000_000_000_000_000 + 1000 * token))
        sizes = [client.memory_usage(key, samples=0) for key in (room.keys.line, room.keys.seen)]
        room.delete(range(people))
    assert np.array(sizes) / people == pytest.approx(np.full(2, memory.per_index_entry_bytes), rel=0.15)


def test_too_few_people_are_refused(model):
    server, _ = model
    with pytest.raises(BadInput, match="clients: 10 is not allowed; allowed: 5,000 or more"):
        measure_memory(server, 10)
