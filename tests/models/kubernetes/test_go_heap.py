"""What a Go process takes, by the formula of the Go documentation and by the talk's one measurement."""

from hypothesis import given
from hypothesis import strategies as st

from models.kubernetes.go_heap import GoHeap, heap_kib, live_kib, resident_kib

MIB = 1024
TALK = GoHeap(45 * MIB, 32, 20, 75, 450 * MIB, True)


def test_the_heap_grows_to_live_and_gogc_below_the_limit():
    assert heap_kib(TALK, 100 * MIB) == 175 * MIB
    assert heap_kib(TALK, 300 * MIB) == 450 * MIB  # 525 would be over the limit: it collects earlier
    assert heap_kib(TALK, 500 * MIB) == 500 * MIB  # the limit is soft


def test_what_is_in_use_is_the_base_the_requests_and_the_connections():
    assert live_kib(TALK, 10, 5) == 45 * MIB + 10 * 32 + 5 * 20


def test_memory_comes_back_only_if_it_is_given_back():
    kept = GoHeap(*[getattr(TALK, name) for name in TALK.__slots__[:-1]], False)
    assert resident_kib(TALK, 200 * MIB, 200 * MIB, 45 * MIB) == 45 * MIB * 175 // 100
    assert resident_kib(kept, 200 * MIB, 80 * MIB, 45 * MIB) == 200 * MIB
    assert resident_kib(kept, 100 * MIB, 80 * MIB, 45 * MIB) == 140 * MIB


@given(st.integers(0, 2**20), st.integers(0, 2**20), st.integers(1, 400), st.booleans())
def test_it_never_takes_less_than_it_uses_nor_more_than_use_and_limit(live, before, gogc, gives_back):
    heap = GoHeap(0, 0, 0, gogc, 450 * MIB, gives_back)
    resident = resident_kib(heap, before, live, live)
    assert resident >= live
    assert resident <= max(before, live, 450 * MIB)
