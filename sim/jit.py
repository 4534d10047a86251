"""How functions of the engine are compiled: kept on disk, with the arithmetic of C (no check for division by zero).

`sim.compile_cache` decides where they are kept, so that a change in one file is never missed by a caller in another.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit, types

from sim.checked_cache import check_caches

F = TypeVar("F", bound=Callable[..., object])

check_caches()


def compiled(function: F) -> F:
    """Compile a function on its first call."""
    return cast(F, _once(njit(cache=True, error_model="numpy")(function)))


def unlocked(function: F) -> F:
    """Compile a function on its first call; while it runs, other threads of the process run too."""
    return cast(F, _once(njit(cache=True, error_model="numpy", nogil=True)(function)))


def merged(function: F) -> F:
    """Make a function part of its one caller before anything is compiled: it costs no compilation of its own."""
    return cast(F, njit(error_model="numpy", inline="always")(function))


def inlined(function: F) -> F:
    """Compile a function into each of its callers."""
    return cast(F, _once(njit(cache=True, error_model="numpy", forceinline=True)(function)))


def _once(dispatcher: Any) -> Any:
    """Let all compiled callers share one version of a function, whose integers are int64 and whose truths are bool.

    Numba would compile another version for every literal, and for every width of a field of a record, that it is
    called with, and with it all the versions of what that calls.
    """
    found = dispatcher.get_call_template

    def template(arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return found(tuple(map(_widest, arguments)), {name: _widest(kind) for name, kind in named.items()})

    dispatcher.get_call_template = template
    return dispatcher


def _widest(kind: Any) -> Any:
    kind = types.unliteral(kind)
    return types.int64 if kind in types.signed_domain else kind
