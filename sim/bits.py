"""Bits of integers, in compiled code."""

from typing import Any

from numba import types
from numba.extending import intrinsic


def _leading_zeros(_typing: Any, v: Any) -> Any:
    """Return how many bits above the highest set one of an int64 are zero (one machine instruction)."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], context.get_constant(types.boolean, False))

    return types.int64(types.int64), generate


leading_zeros: Any = intrinsic(_leading_zeros)
