"""How fast a processor runs from moment to moment: two yardsticks that are laid to it beside a load.

A virtual processor shares a core with others, and its caches and memory with many more. What they take shows in no
counter: steal stays at nothing while the same work takes half as long again, for some milliseconds or for minutes. So a
thread on that very processor does a little arithmetic every millisecond, in registers alone, which slows down with the
core, and follows a chain of loads through more than the core's own caches hold, which slows down with what lies behind
them. Both are timed by the thread's own CPU clock, so waiting for the processor does not count.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from mmap import MADV_NOHUGEPAGE, mmap
from threading import Thread
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.vocabulary.units import MILLISECOND, SECOND
from real_adapter.drive.libc import ppoll, thread_cpu_ns
from sim.jit import compiled, unlocked

T = TypeVar("T")

STEPS, WARM_STEPS = 3000, 4000
"""Of arithmetic, some 5 us; before it some that are not timed: for 4 to 6 us a core is slower that has just woken."""
LOADS = 40
"""Each waits for the one before it: some 8 us."""
CHAIN_BYTES = 16 << 20
"""Far beyond the second-level cache of a core (1 or 2 MiB on current servers), about what a waiting room takes."""
LINE_BYTES = 64
EVERY_NS = 2 * MILLISECOND
"""Between samples. They take 1 % of the processor; a load of 10,000 requests/s took the same engine CPU beside them."""
MOST_S = 60
LEAST_SAMPLES = 10
OUTLIER = 3.0
"""Times the median: an interrupt in a sample of some microseconds counts as no more than that."""

_STOP, _TAKEN, _AT, _SUM = range(4)


@dataclass(frozen=True)
class Speed:
    """Mean times while a load ran: `core_ns` of a step of arithmetic, `memory_ns` of a load from beyond the caches."""

    core_ns: float
    memory_ns: float


class Yardstick:
    """The yardsticks of processor *core*."""

    def __init__(self, core: int) -> None:
        self.core = core
        self._chain = _chain()
        self._samples = np.empty((MOST_S * SECOND // EVERY_NS, 2), np.int64)
        self._state = np.zeros(4, np.int64)
        self._state[_STOP] = 1
        self._sample()  # compiled before anything is measured

    def along(self, act: Callable[[], T]) -> tuple[T, Speed | None, float]:
        """Return what *act* returns, how fast the processor ran meanwhile, and the CPU time that took, in us.

        The speed is None if there were too few samples to tell.
        """
        self._state[:] = 0
        thread = Thread(target=self._sample, daemon=True)
        thread.start()
        try:
            found = act()
        finally:
            self._state[_STOP] = 1
            thread.join()
        taken = self._samples[: self._state[_TAKEN]]
        used_us = float(taken.sum()) / 1e3
        return found, _speed(taken), used_us

    def _sample(self) -> None:
        if self._state[_STOP] == 0:
            os.sched_setaffinity(0, {self.core})  # of this thread alone
        _take(self._chain, self._samples, self._state, np.array([0, EVERY_NS], np.int64), np.zeros(2, np.int64))


@cache
def _chain() -> NDArray[np.int64]:
    """Return int64 of CHAIN_BYTES in which each line's first number is the place of the next, in random order."""
    memory = mmap(-1, CHAIN_BYTES)
    memory.madvise(MADV_NOHUGEPAGE)  # else it would be chance how many pages a load goes through
    chain = np.frombuffer(memory, np.int64)
    order = np.random.default_rng(1).permutation(CHAIN_BYTES // LINE_BYTES)
    words = LINE_BYTES // 8
    chain[order * words] = np.roll(order, -1) * words
    return chain


def _speed(samples: NDArray[np.int64]) -> Speed | None:
    if len(samples) < LEAST_SAMPLES:
        return None
    core, memory = np.minimum(samples, OUTLIER * np.median(samples, axis=0)).mean(axis=0)
    return Speed(float(core) / STEPS, float(memory) / LOADS)


@unlocked
def _take(chain: Any, samples: Any, state: Any, pause: Any, timespec: Any) -> None:
    """Take samples until told to stop, or as many as there is room for."""
    while state[_STOP] == 0 and state[_TAKEN] < samples.shape[0]:
        state[_SUM] += _arithmetic(WARM_STEPS, state[_SUM])
        began = thread_cpu_ns(timespec)
        state[_SUM] += _arithmetic(STEPS, state[_SUM])
        between = thread_cpu_ns(timespec)
        at = state[_AT]
        for _ in range(LOADS):
            at = chain[at]
        state[_AT] = at
        samples[state[_TAKEN], 0] = between - began
        samples[state[_TAKEN], 1] = thread_cpu_ns(timespec) - between
        state[_TAKEN] += 1
        ppoll(0, 0, pause.ctypes.data, 0)


@compiled
def _arithmetic(steps: int, seed: int) -> int:
    """Work for all units of a core: two independent loops of three sums each, none of which waits long."""
    a, b, c, d, e, f = seed, 2, 3, 4, 5, 6
    for _ in range(steps):
        a = (a ^ (a << 3)) + b
        b = (b ^ (b >> 5)) + c
        c = (c ^ (c << 7)) + a
        d = (d ^ (d << 3)) + e
        e = (e ^ (e >> 5)) + f
        f = (f ^ (f << 7)) + d
    return a + b + c + d + e + f
