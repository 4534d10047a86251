"""Memory for states that are read at random: aligned to cache lines, on huge pages where the system has them.

A simulation of 300,000 clients touches tens of megabytes in no order. On small pages most of those touches also miss
the address translation; on huge pages they do not.
"""

import mmap
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

CACHE_LINE = 64
"""Bytes that a processor fetches at once, on x86-64 and on most of ARM."""
_HUGE_PAGE = 1 << 21


def zeros(count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a zeroed array of *count* items that begins on a page; the pages are huge where that can be had."""
    size = max(count * dtype.itemsize, 1)
    if size < _HUGE_PAGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.frombuffer(mmap.mmap(-1, size), dtype, count)
    # private: what Python maps by default is shared, and Linux gives shared memory no huge pages unless told to
    memory = mmap.mmap(-1, -(-size // _HUGE_PAGE) * _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype, count)


def _prefetch(_typing: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of item *index* of an array (C order, all axes in one), which will be needed soon."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, arguments[0])
        item = builder.gep(view.data, [arguments[1]])
        address = builder.bitcast(item, ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        name = "llvm.prefetch.p0i8" if not getattr(address.type, "is_opaque", False) else "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(ir.VoidType(), [address.type, word, word, word]), name
        )
        builder.call(function, [address, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


prefetch: Any = intrinsic(_prefetch)
