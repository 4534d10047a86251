"""The C library's sockets, polling and clock, for compiled code: no compiler and no binding is needed for it.

Compiled code calls these by name, as its machine code is linked to the C library of the process when it is loaded. A
pointer taken through `ctypes` would do the same, but numba keeps no compiled code on disk that holds an address.
Addresses and sizes are plain integers here; `array.ctypes.data` is the address of an array.
"""

import platform
from typing import Any

import numpy as np
from numba import types

from models.vocabulary.units import SECOND
from sim.jit import inlined

_INT, _SIZE, _ADDRESS = types.int32, types.intp, types.uintp

send: Any = types.ExternalFunction("send", _SIZE(_INT, _ADDRESS, _SIZE, _INT))
recv: Any = types.ExternalFunction("recv", _SIZE(_INT, _ADDRESS, _SIZE, _INT))
epoll_ctl: Any = types.ExternalFunction("epoll_ctl", _INT(_INT, _INT, _INT, _ADDRESS))
epoll_wait: Any = types.ExternalFunction("epoll_wait", _INT(_INT, _ADDRESS, _INT, _INT))
ppoll: Any = types.ExternalFunction("ppoll", _INT(_ADDRESS, _SIZE, _ADDRESS, _ADDRESS))
_clock_gettime: Any = types.ExternalFunction("clock_gettime", _INT(_INT, _ADDRESS))
_errno_location: Any = types.ExternalFunction("__errno_location", types.CPointer(_INT)())

CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID = 1, 3
MSG_NOSIGNAL = 0x4000
EPOLL_CTL_ADD, EPOLL_CTL_MOD = 1, 3

EPOLL_EVENT = np.dtype([("events", "u4"), ("data", "u8")], align=platform.machine() != "x86_64")
"""`struct epoll_event`, which Linux packs on x86-64 alone."""
POLLFD = np.dtype([("fd", "i4"), ("events", "i2"), ("revents", "i2")])
"""`struct pollfd`."""


@inlined
def errno() -> int:
    """Return why the last call failed; to be asked right after it."""
    return int(_errno_location()[0])


@inlined
def monotonic_ns(timespec: Any) -> int:
    """Return the monotonic clock in ns, the one of `time.monotonic_ns`. *timespec*, int64[2], is overwritten."""
    _clock_gettime(CLOCK_MONOTONIC, timespec.ctypes.data)
    return int(timespec[0]) * SECOND + int(timespec[1])


@inlined
def thread_cpu_ns(timespec: Any) -> int:
    """Return the CPU time of the calling thread in ns. *timespec*, int64[2], is overwritten."""
    _clock_gettime(CLOCK_THREAD_CPUTIME_ID, timespec.ctypes.data)
    return int(timespec[0]) * SECOND + int(timespec[1])
