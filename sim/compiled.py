"""How functions of the engine are compiled: kept on disk, with the arithmetic of C (no check for division by zero).

`sim.compiling` decides where they are kept, so that a change in one file is never missed by a caller in another.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

from sim.checked_cache import check_caches

F = TypeVar("F", bound=Callable[..., object])

check_caches()


def compiled(function: F) -> F:
    """Compile a function on its first call."""
    return cast(F, njit(cache=True, error_model="numpy")(function))


def unlocked(function: F) -> F:
    """Compile a function on its first call; while it runs, other threads of the process run too."""
    return cast(F, njit(cache=True, error_model="numpy", nogil=True)(function))


def merged(function: F) -> F:
    """Make a function part of its one caller before anything is compiled: it costs no compilation of its own."""
    return cast(F, njit(error_model="numpy", inline="always")(function))


def inlined(function: F) -> F:
    """Compile a function into each of its callers."""
    return cast(F, njit(cache=True, error_model="numpy", forceinline=True)(function))
