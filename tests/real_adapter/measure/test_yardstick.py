"""The yardsticks: they run beside what they are laid to, on the processor they are meant for, and disturb nothing."""

import os
import threading
import time

import numpy as np
import pytest

from real_adapter.measure.yardstick import (
    CHAIN_BYTES,
    LEAST_SAMPLES,
    LINE_BYTES,
    LOADS,
    STEPS,
    Yardstick,
    _chain,
    _speed,
)

CORE = max(os.sched_getaffinity(0))


def test_it_runs_beside_the_load_and_leaves_the_load_where_it_is() -> None:
    here = os.sched_getaffinity(0)
    found, speed, used_us = Yardstick(CORE).along(lambda: (time.sleep(0.2), "done")[1])
    assert found == "done"
    assert speed is not None
    assert speed.core_ns > 0
    assert speed.memory_ns > 0
    assert 0 < used_us < 0.5 * 0.2 * 1e6
    assert os.sched_getaffinity(0) == here


def test_a_load_that_fails_or_is_over_at_once_leaves_no_thread_behind() -> None:
    yardstick, before = Yardstick(CORE), threading.active_count()
    assert yardstick.along(lambda: 7)[:2] == (7, None)

    def fails() -> None:
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        yardstick.along(fails)
    assert threading.active_count() == before


def test_the_chain_goes_through_every_line_once() -> None:
    chain, at = _chain(), 0
    seen = np.zeros(CHAIN_BYTES // LINE_BYTES, np.bool_)
    for _ in range(seen.size):
        seen[at * 8 // LINE_BYTES] = True
        at = int(chain[at])
    assert seen.all()
    assert at == 0


def test_an_interrupt_in_a_sample_counts_little_and_few_samples_tell_nothing() -> None:
    samples = np.tile([3.0 * STEPS, 400.0 * LOADS], (100, 1)).astype(np.int64)
    samples[7] = 1_000_000
    speed = _speed(samples)
    assert speed is not None
    assert (speed.core_ns, speed.memory_ns) == pytest.approx((3.0, 400.0), rel=0.03)
    assert _speed(samples[: LEAST_SAMPLES - 1]) is None
