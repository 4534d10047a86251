"""Connections that are given early: who asks first has the first that is free, whoever was given one before."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine.agenda import free_slot, new_request
from models.engine.requests import CLIENT
from models.engine.world import VOID
from models.run.compiled import KernelPlane
from models.service.early import give_way, is_void, take_early
from models.service.state import AHEAD
from sim.servers import BUSY
from sim.views import seen_compiled
from tests.models.recordings import planned


def request(view, entity):
    return new_request(view, 0, CLIENT, entity, 1, 0, entity)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=AHEAD), st.integers(0, 40))
def test_those_give_way_who_are_still_on_the_cpu_the_last_one_first(done, now):
    w = KernelPlane(planned("clients.count=3", name="onsale-small")).world
    view = seen_compiled(w)
    slots = [request(view, entity) for entity in range(len(done) + 1)]
    assert all(take_early(view, 0, slot, 0, at) for slot, at in zip(slots, done, strict=False))
    later = sorted((at, entity) for entity, at in enumerate(done) if at > now)
    for taken, (_, entity) in enumerate(reversed(later), 1):
        assert give_way(view, now, slots[-1])
        assert w.requests.slot["void"][slots[entity]] == 1
        assert w.requests.slot["step"][slots[entity]] == 0
        assert (w.service.connections[0, BUSY], w.total[VOID]) == (len(done) - taken, taken)
    assert not give_way(view, now, slots[-1])
    for _, entity in later:
        assert is_void(view, entity, 1, slots[entity])
        assert not is_void(view, entity, 1, slots[entity])
    assert w.total[VOID] == 0


def test_of_two_who_are_done_at_one_time_the_first_by_its_number_asks_first():
    w = KernelPlane(planned("clients.count=3", name="onsale-small")).world
    view = seen_compiled(w)
    slots = [request(view, entity) for entity in range(3)]
    assert take_early(view, 0, slots[1], 0, 7)
    assert not give_way(view, 7, slots[2])
    assert give_way(view, 7, slots[0])


def test_an_event_is_void_also_if_another_request_has_the_slot_by_then():
    w = KernelPlane(planned("clients.count=3", name="onsale-small")).world
    view = seen_compiled(w)
    early, asking = request(view, 0), request(view, 1)
    assert take_early(view, 0, early, 0, 9)
    assert give_way(view, 5, asking)
    free_slot(view, early)
    assert request(view, 2) == early
    assert not is_void(view, 2, 1, early)
    assert is_void(view, 0, 1, early)
    assert w.total[VOID] == 0


def test_no_more_are_given_one_early_than_can_be_noted():
    w = KernelPlane(planned("clients.count=3", name="onsale-small")).world
    view = seen_compiled(w)
    slot = request(view, 0)
    assert all(take_early(view, 0, slot, 0, 10 + at) for at in range(AHEAD))
    assert not take_early(view, 10, slot, 0, 50)
    assert take_early(view, 11, slot, 0, 50)


def test_nobody_is_given_early_what_is_not_open_and_free():
    w = KernelPlane(planned("clients.count=3", name="onsale-small")).world
    view = seen_compiled(w)
    w.service.pool["open"][0] = 1
    slots = [request(view, entity) for entity in range(2)]
    assert take_early(view, 0, slots[0], 0, 9)
    assert not take_early(view, 0, slots[1], 0, 9)
