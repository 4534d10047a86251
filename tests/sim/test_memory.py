"""Memory for large states, and the hint that fetches it."""

import mmap

import numpy as np
import pytest
from numba import njit

from sim.memory import prefetch, zeros

PAIR = np.dtype([("time", "i8"), ("item", "i4"), ("kind", "i4")])


@pytest.mark.parametrize("dtype", [np.dtype(np.int64), np.dtype(np.int8), PAIR])
@pytest.mark.parametrize("count", [0, 1, 4097, 300_000])
def test_a_state_is_zero_can_be_written_and_begins_on_a_page(count, dtype):
    state = zeros(count, dtype)
    assert (state.shape, state.dtype, state.flags.c_contiguous) == ((count,), dtype, True)
    assert not state.view(np.int8).any()
    assert state.ctypes.data % mmap.PAGESIZE == 0 or count == 0
    state.view(np.int8)[:] = 1
    assert state.view(np.int8).sum() == count * dtype.itemsize
    assert not zeros(count, dtype).view(np.int8).any()


@njit
def prefetched(state, index):
    prefetch(state, index)
    return state[index].item


def test_a_prefetch_changes_nothing_and_may_be_beyond_the_end():
    state = zeros(10, PAIR)
    state["item"] = np.arange(10)
    before = state.copy()
    assert [prefetched(state, i) for i in range(10)] == list(range(10))
    assert np.array_equal(state, before)
