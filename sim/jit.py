"""How functions of the engine are compiled: kept on disk, with the arithmetic of C (no check for division by zero).

`sim.whole_program` says what is compiled when, `sim.compile_cache` decides where it is kept, so that a change in one
file is never missed by a caller in another.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

from sim.whole_program import WholeProgram

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function on its first call."""
    return cast(F, WholeProgram(function, error_model="numpy", forceinline=False))


def unlocked(function: F) -> F:
    """Compile a function on its first call; while it runs, other threads of the process run too."""
    return cast(F, WholeProgram(function, error_model="numpy", forceinline=False, nogil=True))


def merged(function: F) -> F:
    """Make a function part of its one caller before anything is compiled."""
    return cast(F, njit(error_model="numpy", inline="always")(function))


def inlined(function: F) -> F:
    """Compile a function into each of its callers."""
    return cast(F, WholeProgram(function, error_model="numpy", forceinline=True))
